package dev.tidemark.cli.option;

import dev.tidemark.TidemarkSchema;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Whole numbers, each kind within its range; a refusal names both what was typed and the range. Pure. */
public final class WholeNumbers {
    /** The most that a server can have at once, less one for claims. */
    private static final int MOST_WORKERS = 262_142;

    private static final int MOST_PORT = 65_535;

    private WholeNumbers() {}

    /** Refuses everything else. */
    static long parse(String text, long least, long most) {
        try {
            long number = Long.parseLong(text.strip());
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Refused below.
        }
        throw new TypeConversionException("'" + text + "' is not a whole number from " + least + " to " + most);
    }

    /** Of how many, such as rows or records. */
    public static final class Counts implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) parse(text, 1, Integer.MAX_VALUE);
        }
    }

    /** For {@code --workers}. */
    public static final class Workers implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) parse(text, 1, MOST_WORKERS);
        }
    }

    /** For {@code --http-port}; 0 stands for any that is free. */
    static final class Ports implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) parse(text, 0, MOST_PORT);
        }
    }

    /** Of versions of the schema; 0 is a schema that does not exist yet. */
    public static final class Versions implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) parse(text, 0, TidemarkSchema.VERSION);
        }
    }

    /** For {@code --to-offset}, and for ids that another one is after. */
    public static final class Offsets implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return parse(text, 0, Long.MAX_VALUE);
        }
    }

    /** For {@code --shift-by}. */
    static final class Shifts implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return parse(text, Long.MIN_VALUE, Long.MAX_VALUE);
        }
    }

    /** Of dead letters and changes, which the database numbers from 1. */
    public static final class Ids implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return parse(text, 1, Long.MAX_VALUE);
        }
    }
}
