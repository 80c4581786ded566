package dev.tidemark.internal.plan;

/** Thrown inside a unit of work to end it with an outcome that is not the handler's failure. */
public final class UnitRefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient UnitOutcome outcome;

    public UnitRefusedException(UnitOutcome outcome) {
        super("refused");
        this.outcome = outcome;
    }

    /** How the unit ends. */
    public UnitOutcome outcome() {
        return outcome;
    }
}
