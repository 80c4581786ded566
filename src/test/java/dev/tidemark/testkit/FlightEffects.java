package dev.tidemark.testkit;

import dev.tidemark.testkit.Flights.Airport;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;

/**
 * What the flights do to the database: a fold per airport, which is not idempotent, and a list of every record applied, which has
 * no unique constraint, so that a doubled record is seen and not hidden.
 */
public final class FlightEffects {
    private FlightEffects() {}

    public static void createTables(TestDatabase database) {
        database.owner()
                .execute(
                        "create table airport (code text primary key, departures bigint not null, total_delay bigint not null)",
                        "create table applied (topic text not null, partition int not null, record_offset bigint not null,"
                                + " seq bigint generated always as identity)");
    }

    /** One record: one statement each for the fold and the list. */
    public static void foldOne(ConsumerRecord<String, String> record, Handle tx) {
        Flight flight = Flights.parse(record.value());
        tx.execute(
                "insert into airport as a (code, departures, total_delay) values (?, 1, ?) on conflict (code) do update"
                        + " set departures = a.departures + 1, total_delay = a.total_delay + excluded.total_delay",
                flight.origin(),
                flight.delay());
        tx.execute(
                "insert into applied (topic, partition, record_offset) values (?, ?, ?)",
                record.topic(),
                record.partition(),
                record.offset());
    }

    /** A unit at once: summed in Java, written in key order, so that two units never deadlock. */
    public static void foldBatch(List<ConsumerRecord<String, String>> records, Handle tx) throws SQLException {
        TreeMap<String, Airport> sums = new TreeMap<>();
        for (ConsumerRecord<String, String> record : records) {
            Flight flight = Flights.parse(record.value());
            sums.merge(flight.origin(), new Airport(1, flight.delay()), (a, b) -> a.plus(flight));
        }
        Connection c = tx.getConnection();
        List<Map.Entry<String, Airport>> rows = List.copyOf(sums.entrySet());
        try (PreparedStatement s = c.prepareStatement("insert into airport as a (code, departures, total_delay)"
                + " select * from unnest(?::text[], ?::bigint[], ?::bigint[]) on conflict (code) do update"
                + " set departures = a.departures + excluded.departures,"
                + " total_delay = a.total_delay + excluded.total_delay")) {
            s.setArray(
                    1,
                    c.createArrayOf("text", rows.stream().map(Map.Entry::getKey).toArray()));
            s.setArray(
                    2,
                    c.createArrayOf(
                            "int8",
                            rows.stream().map(r -> r.getValue().departures()).toArray()));
            s.setArray(
                    3,
                    c.createArrayOf(
                            "int8",
                            rows.stream().map(r -> r.getValue().totalDelay()).toArray()));
            s.executeUpdate();
        }
        try (PreparedStatement s = c.prepareStatement("insert into applied (topic, partition, record_offset)"
                + " select * from unnest(?::text[], ?::int[], ?::bigint[])")) {
            s.setArray(
                    1,
                    c.createArrayOf(
                            "text", records.stream().map(ConsumerRecord::topic).toArray()));
            s.setArray(
                    2,
                    c.createArrayOf(
                            "int4",
                            records.stream().map(ConsumerRecord::partition).toArray()));
            s.setArray(
                    3,
                    c.createArrayOf(
                            "int8", records.stream().map(ConsumerRecord::offset).toArray()));
            s.executeUpdate();
        }
    }

    /** The fold as it is. */
    public static Map<String, Airport> airports(TestDatabase database) {
        Map<String, Airport> airports = new TreeMap<>();
        for (String row : database.query("select code, departures, total_delay from airport")) {
            String[] columns = row.split("\\|");
            airports.put(columns[0], new Airport(Long.parseLong(columns[1]), Long.parseLong(columns[2])));
        }
        return airports;
    }
}
