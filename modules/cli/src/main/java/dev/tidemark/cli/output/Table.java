package dev.tidemark.cli.output;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;
import org.jspecify.annotations.Nullable;

/** Rows with named columns, and their output formats. Values are numbers, booleans, strings, instants, JSON, null, or an optional of these. */
public final class Table {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private static final Instant YEAR_10000 = Instant.parse("+10000-01-01T00:00:00Z");

    private final List<String> columns;
    private final List<List<@Nullable Object>> rows = new ArrayList<>();

    /**
     * @param columns names in lower case with underscores, as in the views; JSON and CSV have them as they are, a table prints {@code
     *     STORED-OFFSET} as Kafka's tools do. A unit is part of the name: {@code age_seconds}
     */
    public Table(String... columns) {
        this.columns = List.of(columns);
    }

    /** Adds a row, a value for each column. */
    public void add(@Nullable Object... values) {
        if (values.length != columns.size()) {
            throw new IllegalArgumentException(values.length + " values for " + columns.size() + " columns");
        }
        rows.add(Arrays.stream(values).map(Table::plain).collect(Collectors.toCollection(ArrayList::new)));
    }

    public boolean isEmpty() {
        return rows.isEmpty();
    }

    /** Aligned columns, numbers to the right, by what characters take on a terminal; a dash for an empty value. */
    public String asTable() {
        List<String> headers = columns.stream()
                .map(name -> name.toUpperCase(Locale.ROOT).replace('_', '-'))
                .toList();
        int[] widths = new int[columns.size()];
        boolean[] right = new boolean[columns.size()];
        for (int i = 0; i < widths.length; i++) {
            int column = i;
            widths[i] = Math.max(
                    DisplayWidth.of(headers.get(i)),
                    rows.stream()
                            .mapToInt(row -> DisplayWidth.of(text(row.get(column))))
                            .max()
                            .orElse(0));
            right[i] = rows.stream().anyMatch(row -> row.get(column) instanceof Number);
        }
        StringBuilder table = new StringBuilder();
        line(table, headers, widths, right);
        rows.forEach(row -> line(table, row.stream().map(Table::text).toList(), widths, right));
        return table.toString();
    }

    private static void line(StringBuilder table, List<String> cells, int[] widths, boolean[] right) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String cell = cells.get(i);
            String padding = " ".repeat(widths[i] - DisplayWidth.of(cell));
            line.append(i == 0 ? "" : "  ").append(right[i] ? padding + cell : cell + padding);
        }
        table.append(line.toString().stripTrailing()).append(System.lineSeparator());
    }

    /** An array with an object for each row. */
    public String asJson() {
        List<Map<String, @Nullable Object>> objects =
                rows.stream().map(this::object).toList();
        try {
            return Printable.json(JSON.writeValueAsString(objects));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Map<String, @Nullable Object> object(List<@Nullable Object> row) {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        for (int i = 0; i < row.size(); i++) {
            object.put(columns.get(i), row.get(i));
        }
        return object;
    }

    /**
     * A header line, then a line for each row, as in RFC 4180; an empty value is empty. An apostrophe is put before text that a
     * spreadsheet would take for a formula, and a question mark in place of what would control a terminal.
     */
    public String asCsv() {
        StringBuilder text = new StringBuilder();
        try (CSVPrinter printer = new CSVPrinter(text, CSVFormat.RFC4180)) {
            printer.printRecord(columns);
            for (List<@Nullable Object> row : rows) {
                printer.printRecord(row.stream().map(Table::cell));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    private static @Nullable Object cell(@Nullable Object value) {
        if (value instanceof JsonNode json) {
            return Printable.json(json.toString());
        }
        if (!(value instanceof String text)) {
            return value;
        }
        String printable = Printable.text(text);
        return !printable.isEmpty() && "=+-@\t\r".indexOf(printable.charAt(0)) >= 0 ? "'" + printable : printable;
    }

    /** The value as it is printed in every format; a time of more than four digits in its year as milliseconds since 1970. */
    public static @Nullable Object plain(@Nullable Object value) {
        if (value instanceof Optional<?> optional) {
            return plain(optional.orElse(null));
        }
        if (value instanceof OptionalLong number) {
            return number.isPresent() ? number.getAsLong() : null;
        }
        if (value instanceof OptionalInt number) {
            return number.isPresent() ? number.getAsInt() : null;
        }
        if (value instanceof Instant time) {
            // Such as one in nanoseconds that was written where Kafka means milliseconds.
            if (!time.isBefore(YEAR_10000)) {
                return time.toEpochMilli();
            }
            return DateTimeFormatter.ISO_INSTANT.format(time.truncatedTo(ChronoUnit.MILLIS));
        }
        boolean printable = value instanceof Number || value instanceof Boolean || value instanceof JsonNode;
        return printable || value == null ? value : value.toString();
    }

    /** Parses JSON text into a value. */
    public static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The value on one line. */
    public static String text(@Nullable Object value) {
        return value == null ? "-" : Printable.line(Objects.toString(value));
    }
}
