package dev.tidemark.cli.output;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;

/** Ends a command with one line on standard error; nothing was changed. */
public final class CommandException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    private CommandException(ErrorCode code, String message) {
        super(code, message, null);
    }

    /** What was asked for does not exist (TM-601); the message says what does. */
    public static CommandException nothingMatched(String message) {
        return new CommandException(ErrorCode.NOTHING_MATCHED, message);
    }

    /** An option is missing or invalid (TM-103); the message says how to set it. */
    public static CommandException wrongInput(String message) {
        return new CommandException(ErrorCode.INVALID_SETTING, message);
    }

    /** The store refused a change (TM-603); the message says what would have it made. */
    public static CommandException refused(String message) {
        return new CommandException(ErrorCode.CHANGE_REFUSED, message);
    }
}
