package dev.tidemark.cli.option;

import dev.tidemark.StartPosition;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.time.ZoneId;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses a start position. Pure. */
public final class StartPositions implements ITypeConverter<StartPosition> {
    @Override
    public StartPosition convert(String text) {
        return parse(text, ZoneId.systemDefault());
    }

    /** Times without a zone are in this one; refuses everything else. */
    public static StartPosition parse(String text, ZoneId zone) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "earliest" -> StartPosition.earliest();
            case "latest" -> StartPosition.latest();
            case "committed" -> StartPosition.committed();
            default -> since(text, zone);
        };
    }

    private static StartPosition since(String text, ZoneId zone) {
        TimeArgument since;
        try {
            since = TimeArgument.parse(text, zone);
        } catch (TypeConversionException e) {
            throw new TypeConversionException(ErrorCode.INVALID_SETTING + ": '" + text
                    + "' is not a start position: use earliest, latest, committed, a duration such as 7d, or a time such as"
                    + " 2026-11-24T09:00:00Z");
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
