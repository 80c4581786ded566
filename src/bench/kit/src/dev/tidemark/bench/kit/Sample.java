package dev.tidemark.bench.kit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.GZIPInputStream;

/** The record values: real flights, the same 20,000 again and again. */
public final class Sample {
    private final List<byte[]> values;

    private Sample(List<byte[]> values) {
        this.values = values;
    }

    public static Sample load() {
        InputStream resource = Sample.class.getResourceAsStream("/flights-20k.ndjson.gz");
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(new GZIPInputStream(resource), StandardCharsets.UTF_8))) {
            return new Sample(lines.lines()
                    .map(line -> line.getBytes(StandardCharsets.UTF_8))
                    .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The value of the record with this number, counted from 0. */
    public byte[] value(long number) {
        return values.get((int) (number % values.size()));
    }

    public int size() {
        return values.size();
    }
}
