package dev.tidemark.cli;

/** What the process ends with. Scripts rely on these numbers; docs/cli.md lists them. */
final class ExitCode {
    /** Everything was done, or there was nothing to do. */
    static final int DONE = 0;

    /** Something went wrong on the way; the error says what was done until then. */
    static final int FAILED = 1;

    /** Wrong input, or nothing matched it; nothing was changed. */
    static final int WRONG_INPUT = 2;

    /** The database or Kafka is away, or lets nobody in. */
    static final int AWAY = 3;

    /** Doctor found something that is to be mended. */
    static final int FINDINGS = 4;

    private ExitCode() {}
}
