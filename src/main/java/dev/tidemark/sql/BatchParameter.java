package dev.tidemark.sql;

import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** How a Java value becomes a parameter of a batch. No message contains a value. */
final class BatchParameter {
    /** Of elements that the driver encodes itself. */
    private static final Map<Class<?>, String> ENCODED = Map.of(
            Short.class, "int2",
            Integer.class, "int4",
            Long.class, "int8",
            Float.class, "float4",
            Double.class, "float8",
            Boolean.class, "bool",
            byte[].class, "bytea");

    /** Of elements that are sent as text. */
    private static final Map<Class<?>, String> AS_TEXT = Map.of(
            String.class, "text",
            BigDecimal.class, "numeric",
            UUID.class, "uuid",
            OffsetDateTime.class, "timestamptz",
            LocalDateTime.class, "timestamp",
            LocalDate.class, "date");

    /** The driver's exception about a class of which it knows no type. */
    private static final String UNKNOWN_TYPE = "07006";

    private BatchParameter() {}

    /**
     * Sets a parameter.
     *
     * @param index from 1
     * @throws IllegalArgumentException if its class has no SQL type
     */
    static void bind(PreparedStatement s, int index, @Nullable Object given) throws SQLException {
        Object value = converted(given);
        if (given instanceof Enum<?> constant) {
            // Without a type of its own, so that a column of an enum type takes it as well as one of text.
            s.setObject(index, constant.name(), Types.OTHER);
        } else if (value instanceof Collection<?> elements) {
            array(s, index, elements);
        } else if (value instanceof Object[] elements && !(value instanceof byte[][])) {
            array(s, index, Arrays.asList(elements));
        } else {
            try {
                s.setObject(index, value);
            } catch (SQLException e) {
                if (UNKNOWN_TYPE.equals(e.getSQLState())) {
                    throw unknown(index, "", Objects.requireNonNull(value).getClass());
                }
                throw e;
            }
        }
    }

    /** About how many bytes it takes until it is sent, if it may be many. */
    static long size(@Nullable Object value) {
        if (value instanceof CharSequence text) {
            return text.length();
        }
        return value instanceof byte[] bytes ? bytes.length : 0;
    }

    private static @Nullable Object converted(@Nullable Object value) {
        if (value instanceof Instant instant) {
            return instant.atOffset(ZoneOffset.UTC);
        }
        return value instanceof ZonedDateTime zoned ? zoned.toOffsetDateTime() : value;
    }

    private static void array(PreparedStatement s, int index, Collection<?> given) throws SQLException {
        List<? extends @Nullable Object> elements =
                given.stream().map(BatchParameter::converted).toList();
        Class<?> type = null;
        for (Iterator<? extends @Nullable Object> it = elements.iterator(); it.hasNext(); ) {
            Object element = it.next();
            if (element != null) {
                Class<?> own = element instanceof Enum<?> constant ? constant.getDeclaringClass() : element.getClass();
                if (type != null && type != own) {
                    throw new IllegalArgumentException("parameter " + index + " is an array of " + type.getName()
                            + " and " + own.getName() + ": its elements must be of one class");
                }
                type = own;
            }
        }
        if (type == null || type.isEnum()) {
            // The statement decides what it is an array of.
            s.setObject(index, literal(elements), Types.OTHER);
            return;
        }
        String encoded = ENCODED.get(type);
        String name = encoded == null ? AS_TEXT.get(type) : encoded;
        if (name == null) {
            throw unknown(index, "an array of ", type);
        }
        Object[] array = (Object[]) Array.newInstance(encoded == null ? String.class : type, elements.size());
        for (int i = 0; i < array.length; i++) {
            Object element = elements.get(i);
            array[i] = encoded == null && element != null ? element.toString() : element;
        }
        s.setArray(index, s.getConnection().createArrayOf(name, array));
    }

    /** Names of enum constants and nulls, as an array is written. */
    private static String literal(List<? extends @Nullable Object> elements) {
        StringBuilder array = new StringBuilder("{");
        for (Object element : elements) {
            array.append(array.length() > 1 ? "," : "")
                    .append(element instanceof Enum<?> constant ? '"' + constant.name() + '"' : "NULL");
        }
        return array.append('}').toString();
    }

    private static IllegalArgumentException unknown(int index, String what, Class<?> type) {
        return new IllegalArgumentException("parameter " + index + " is " + what + type.getName()
                + ", for which there is no SQL type: convert it, to text for example");
    }
}
