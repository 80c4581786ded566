package dev.tidemark.demo;

import dev.tidemark.testkit.Flights.Airport;
import java.util.Map;
import java.util.TreeSet;

/**
 * What the fold in the database results in, compared with the truth, airport by airport.
 *
 * @param read records in the Kafka log
 * @param applied flights in the fold
 * @param missing flights that should be in it and are not
 * @param doubled flights that are in it and should not be
 * @param airports how many airports there are
 * @param wrongDelays at how many of them the sum of the delays is not the truth
 */
record Verdict(long read, long applied, long missing, long doubled, int airports, int wrongDelays) {
    static Verdict of(long read, Map<String, Airport> truth, Map<String, Airport> found) {
        Airport none = new Airport(0, 0);
        TreeSet<String> codes = new TreeSet<>(truth.keySet());
        codes.addAll(found.keySet());
        long applied = 0;
        long missing = 0;
        long doubled = 0;
        int wrongDelays = 0;
        for (String code : codes) {
            Airport should = truth.getOrDefault(code, none);
            Airport is = found.getOrDefault(code, none);
            applied += is.departures();
            missing += Math.max(0, should.departures() - is.departures());
            doubled += Math.max(0, is.departures() - should.departures());
            wrongDelays += should.totalDelay() == is.totalDelay() ? 0 : 1;
        }
        return new Verdict(read, applied, missing, doubled, codes.size(), wrongDelays);
    }

    boolean isExact(long sent) {
        return read == sent && applied == sent && missing == 0 && doubled == 0 && wrongDelays == 0;
    }

    String line(String label) {
        return label + ": read " + read + ", applied " + applied + ", missing " + missing + ", doubled " + doubled;
    }
}
