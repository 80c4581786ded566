package dev.tidemark.internal.thread;

/** Throws on what user code has thrown: code of other languages throws what is neither an Error nor a RuntimeException. */
public final class Unchecked {
    private Unchecked() {}

    /** Throws this as it is; declared to return what {@code throw} needs. */
    public static RuntimeException rethrow(Throwable any) {
        throw Unchecked.<RuntimeException>as(any);
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <T extends Throwable> T as(Throwable any) throws T {
        throw (T) any;
    }
}
