package dev.tidemark.cli.option;

import dev.tidemark.StartPosition;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;

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
        TimeArgument since = TimeArgument.inLog(text, "a start position: use earliest, latest, committed, or ");
        if (since.ago() != null) {
            return StartPosition.ago(since.ago());
        }
        if (since.at() != null) {
            return StartPosition.at(since.at());
        }
        throw new IllegalStateException("neither a duration nor a time");
    }
}
