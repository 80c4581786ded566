package dev.tidemark.bench;

import dev.tidemark.bench.kit.Flight;
import dev.tidemark.bench.kit.FlightDeserializer;
import dev.tidemark.bench.kit.Sample;
import dev.tidemark.testkit.Flights.Airport;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** The flights that the topics hold, and what they must result in in the database. */
final class Records {
    /** How records are spread over partitions. */
    enum Spread {
        /** In turns, without a key. */
        ROUND_ROBIN,
        /** In turns, with a thousand keys in turns. */
        ROUND_ROBIN_KEYS,
        /** By airport, so that two partitions share no row where airports are counted. Skewed, as airports are. */
        BY_ORIGIN
    }

    final Sample sample = Sample.load();
    private final List<Flight> flights;

    Records() {
        try (FlightDeserializer deserializer = new FlightDeserializer()) {
            flights = IntStream.range(0, sample.size())
                    .mapToObj(i -> deserializer.deserialize("", sample.value(i)))
                    .toList();
        }
    }

    /** The flight of the record with this number. */
    Flight flight(long number) {
        return flights.get((int) (number % flights.size()));
    }

    /** Where a record goes. */
    int partition(Spread spread, long number, int partitions) {
        return spread == Spread.BY_ORIGIN
                ? Math.floorMod(flight(number).origin().hashCode(), partitions)
                : (int) (number % partitions);
    }

    /** Whether the database holds just the effects of the first so many records, each once. */
    boolean isExact(TestDatabase database, boolean folded, long records) {
        return folded
                ? airports(database).equals(airports(records))
                : sums(database).equals(sums(records));
    }

    private static Map<String, Airport> airports(TestDatabase database) {
        Map<String, Airport> airports = new TreeMap<>();
        for (String row : database.query("select code, departures, total_delay from airport")) {
            String[] columns = row.split("\\|");
            airports.put(columns[0], new Airport(Long.parseLong(columns[1]), Long.parseLong(columns[2])));
        }
        return airports;
    }

    private Map<String, Airport> airports(long records) {
        Map<String, Airport> airports = new TreeMap<>();
        for (int i = 0; i < Math.min(records, flights.size()); i++) {
            Flight flight = flights.get(i);
            long times = times(records, i);
            airports.merge(
                    flight.origin(),
                    new Airport(times, times * flight.delay()),
                    (a, b) -> new Airport(a.departures() + b.departures(), a.totalDelay() + b.totalDelay()));
        }
        return airports;
    }

    private String sums(long records) {
        long delay = 0;
        long distance = 0;
        for (int i = 0; i < Math.min(records, flights.size()); i++) {
            delay += times(records, i) * flights.get(i).delay();
            distance += times(records, i) * flights.get(i).distance();
        }
        return records + "|" + delay + "|" + distance;
    }

    private static String sums(TestDatabase database) {
        return database.query("select count(*), coalesce(sum(delay), 0), coalesce(sum(distance), 0) from flight")
                .get(0);
    }

    /** How often this flight of the sample is among the first so many records. */
    private long times(long records, int index) {
        return records / flights.size() + (index < records % flights.size() ? 1 : 0);
    }
}
