package dev.tidemark.demo;

import dev.tidemark.testkit.Flights.Airport;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.Map;
import java.util.TreeMap;

/** A table of departures and delays per airport, in which a flight that is applied twice counts twice. */
record AirportTable(String name) {
    static final AirportTable TIDEMARK = new AirportTable("airport");
    static final AirportTable TEXTBOOK = new AirportTable("textbook_airport");

    String definition() {
        return "create table " + name
                + " (code text primary key, departures bigint not null, total_delay bigint not null)";
    }

    /** Applies one flight; takes its origin and its delay. */
    String upsert() {
        return "insert into " + name + " as a (code, departures, total_delay) values (?, 1, ?)"
                + " on conflict (code) do update set departures = a.departures + excluded.departures,"
                + " total_delay = a.total_delay + excluded.total_delay";
    }

    long departures(TestDatabase database) {
        return database.number("select sum(departures) from " + name);
    }

    Map<String, Airport> read(TestDatabase database) {
        Map<String, Airport> airports = new TreeMap<>();
        for (String row : database.query("select code, departures, total_delay from " + name)) {
            String[] columns = row.split("\\|");
            airports.put(columns[0], new Airport(Long.parseLong(columns[1]), Long.parseLong(columns[2])));
        }
        return airports;
    }
}
