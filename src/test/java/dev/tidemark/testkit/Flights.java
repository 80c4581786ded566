package dev.tidemark.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/**
 * 20,000 real US flights of January to June 2001: every 150th of the 3,000,000 that the npm package vega-datasets 3.2.1 carries as
 * {@code flights-3m.parquet}; the source is the US Department of Transportation's Bureau of Transportation Statistics.
 */
public final class Flights {
    private static final JsonMapper JSON = new JsonMapper();

    private Flights() {}

    /** A flight as it was sent: its line, and what the tests count. */
    public record Flight(String json, String origin, int delay) {
        /** What the tests key a flight's record by. */
        public String key() {
            return Canary.KEY.plant() + "-" + origin;
        }
    }

    /** Departures and the sum of their delays in minutes. */
    public record Airport(long departures, long totalDelay) {
        public Airport plus(Flight flight) {
            return new Airport(departures + 1, totalDelay + flight.delay());
        }

        public Airport times(int factor) {
            return new Airport(departures * factor, totalDelay * factor);
        }
    }

    /** Twenty thousand, always the same. */
    public static List<Flight> sample() {
        return Sample.FLIGHTS;
    }

    private static final class Sample {
        private static final List<Flight> FLIGHTS = read();
    }

    private static List<Flight> read() {
        InputStream resource = Flights.class.getResourceAsStream("/flights-20k.ndjson.gz");
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(new GZIPInputStream(resource), StandardCharsets.UTF_8))) {
            return lines.lines().map(Flights::withNote).map(Flights::parse).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String withNote(String json) {
        return json.substring(0, json.lastIndexOf('}')) + ",\"note\":\"" + Canary.VALUE.plant() + "\"}";
    }

    public static Flight parse(String json) {
        try {
            JsonNode node = JSON.readTree(json);
            return new Flight(
                    json, node.get("origin").asText(), node.get("delay").asInt());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a fold of these flights, sent this many times, must result in. */
    public static Map<String, Airport> truth(Iterable<Flight> flights, int times) {
        Map<String, Airport> airports = truth(flights);
        airports.replaceAll((code, airport) -> airport.times(times));
        return airports;
    }

    /** What a fold of these flights must result in. */
    public static Map<String, Airport> truth(Iterable<Flight> flights) {
        Map<String, Airport> airports = new TreeMap<>();
        flights.forEach(
                flight -> airports.merge(flight.origin(), new Airport(1, flight.delay()), (a, b) -> a.plus(flight)));
        return airports;
    }
}
