package dev.tidemark.simulation;

/** Thrown wherever the threads of a process stand when it is killed. An error of the virtual machine, since no code handles these. */
final class Killed extends InternalError {
    private static final long serialVersionUID = 1L;

    Killed() {
        super("killed", null);
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}
