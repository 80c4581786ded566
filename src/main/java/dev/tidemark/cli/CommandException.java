package dev.tidemark.cli;

import dev.tidemark.ErrorCode;
import dev.tidemark.TidemarkException;
import org.jspecify.annotations.Nullable;

/** Ends a command with one line on standard error and an exit code. */
final class CommandException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    private CommandException(int exitCode, ErrorCode code, String message, @Nullable Throwable cause) {
        super(code, message, cause);
        this.exitCode = exitCode;
    }

    /** What was asked for does not exist (TM-601); the message says what there is. */
    static CommandException nothingMatched(String message) {
        return new CommandException(ExitCode.WRONG_INPUT, ErrorCode.NOTHING_MATCHED, message, null);
    }

    /** An option is missing or impossible (TM-103); the message says how to set it. */
    static CommandException wrongInput(String message) {
        return new CommandException(ExitCode.WRONG_INPUT, ErrorCode.INVALID_SETTING, message, null);
    }

    /** A server cannot be reached (TM-602). */
    static CommandException away(String message, @Nullable Throwable cause) {
        return new CommandException(ExitCode.AWAY, ErrorCode.SERVER_AWAY, message, cause);
    }

    /** The store refuses a change (TM-603); the message is the server's own, written by our functions. */
    static CommandException refused(String message, Throwable cause) {
        return new CommandException(ExitCode.FAILED, ErrorCode.CHANGE_REFUSED, message, cause);
    }

    /** The command gave up on the way (TM-603); the message says what was done until then. */
    static CommandException stopped(String message) {
        return new CommandException(ExitCode.FAILED, ErrorCode.CHANGE_REFUSED, message, null);
    }

    /** What the caller brought along failed (TM-603); the message holds no data, and the cause may. */
    static CommandException failed(String message, Throwable cause) {
        return new CommandException(ExitCode.FAILED, ErrorCode.CHANGE_REFUSED, message, cause);
    }

    int exitCode() {
        return exitCode;
    }
}
