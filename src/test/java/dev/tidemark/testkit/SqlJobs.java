package dev.tidemark.testkit;

import dev.tidemark.testkit.Flights.Airport;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** The SQL jobs that the docs show, and what they write to. */
public final class SqlJobs {
    private SqlJobs() {}

    /** A job of that name. */
    public static Path file(String name) {
        return Path.of("src/test/resources/jobs", name);
    }

    /** What {@code airport_delay.sql} writes to. */
    public static void createAirportDelay(TestDatabase database) {
        database.owner()
                .execute("create table airport_delay (airport text primary key, flights bigint, total_delay bigint)");
    }

    /** Its result. */
    public static Map<String, Airport> airportDelay(TestDatabase database) {
        Map<String, Airport> airports = new TreeMap<>();
        for (String row : database.query("select airport, flights, total_delay from airport_delay")) {
            String[] columns = row.split("\\|");
            airports.put(columns[0], new Airport(Long.parseLong(columns[1]), Long.parseLong(columns[2])));
        }
        return airports;
    }
}
