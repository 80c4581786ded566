package dev.tidemark.cli.output;

import dev.tidemark.errors.ErrorCode;

/** The exit codes of the process. Scripts rely on these numbers; docs/cli.md lists them. */
public final class ExitCode {
    /** Everything was done, or there was nothing to do. */
    public static final int DONE = 0;

    /** Something failed; the error says what was done until then. */
    public static final int FAILED = 1;

    /** Wrong input, or nothing matched it; nothing was changed. */
    public static final int WRONG_INPUT = 2;

    /** The database or Kafka is unreachable or rejects the login. */
    public static final int UNREACHABLE = 3;

    /** Doctor found something to fix. */
    public static final int FINDINGS = 4;

    /** Who reads standard output has left before its end, as other tools say it: 128 and the number of SIGPIPE. */
    public static final int ABANDONED = 141;

    /** What is said if standard output fails for another reason. */
    public static final String INCOMPLETE = "standard output could not be written: what was printed is incomplete";

    private ExitCode() {}

    /** The exit code for one of Tidemark's errors. */
    public static int of(ErrorCode code) {
        return switch (code) {
            case LOGIN_REFUSED,
                    POOLER_BY_STATEMENT,
                    DATABASE_UNAVAILABLE,
                    KAFKA_UNAVAILABLE,
                    KAFKA_REFUSES,
                    SERVER_READ_ONLY -> UNREACHABLE;
            case INVALID_SETTING,
                    CONFLICTING_KAFKA_SETTING,
                    CONFLICTING_LIMITS,
                    CONFLICTING_JDBC_SETTING,
                    LIBRARY_TOO_OLD,
                    NOTHING_MATCHED,
                    TOPIC_MISSING -> WRONG_INPUT;
            default -> FAILED;
        };
    }
}
