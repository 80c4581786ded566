package dev.tidemark.internal.store.failure;

import java.net.UnknownHostException;

/** Whether a host was looked up, or the JDK could not even read its address: a wrong literal, or bytes that are no address. */
final class HostLookup {
    private static final String ADDRESS = "java.net.Inet";

    /** The method of {@code InetAddress} that all lookups pass, from the cache too, in Java 17 to 25. */
    private static final String LOOKUP = "getAllByName0";

    private HostLookup() {}

    /** Whether this failure shows no lookup. One without a stack trace may be of a lookup. */
    static boolean isOfAddress(Throwable t) {
        if (!(t instanceof UnknownHostException)) {
            return false;
        }
        boolean any = false;
        for (StackTraceElement frame : t.getStackTrace()) {
            if (!frame.getClassName().startsWith(ADDRESS)) {
                break;
            }
            if (frame.getMethodName().equals(LOOKUP)) {
                return false;
            }
            any = true;
        }
        return any;
    }
}
