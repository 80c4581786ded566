package dev.tidemark.cli.option;

import dev.tidemark.StartPosition;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses a start position. Pure. */
public final class StartPositions implements ITypeConverter<StartPosition> {
    @Override
    public StartPosition convert(String text) {
        return parse(text);
    }

    /** Refuses everything else. */
    public static StartPosition parse(String text) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "earliest" -> StartPosition.earliest();
            case "latest" -> StartPosition.latest();
            case "committed" -> StartPosition.committed();
            default -> since(text);
        };
    }

    private static StartPosition since(String text) {
        TimeArgument since;
        try {
            since = TimeArgument.parse(text);
        } catch (TypeConversionException e) {
            throw new TypeConversionException(ErrorCode.INVALID_SETTING + ": '" + text
                    + "' is not a start position: use earliest, latest, committed, or "
                    + TimeArgument.EXAMPLES);
        }
        try {
            if (since.ago() != null) {
                return StartPosition.ago(since.ago());
            }
            if (since.at() != null) {
                return StartPosition.at(since.at());
            }
        } catch (InvalidConfigurationException e) {
            throw new TypeConversionException(ErrorCode.INVALID_SETTING + ": '" + text
                    + "' is out of range: Kafka counts milliseconds in 64 bits");
        }
        throw new IllegalStateException("neither a duration nor a time");
    }
}
