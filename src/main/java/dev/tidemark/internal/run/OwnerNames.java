package dev.tidemark.internal.run;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.UUID;

/** The names by which operators and the server recognize a consumer. */
public final class OwnerNames {
    /** PostgreSQL's NAMEDATALEN, less the terminating zero: longer names are cut by the server. */
    private static final int LONGEST_NAME = 63;

    private OwnerNames() {}

    /** Host, process, and a unique instance id: containers often share the first two. */
    public static String ownerName() {
        return host() + "/" + ProcessHandle.current().pid() + "/" + instanceId();
    }

    /** Distinguishes the units of this consumer from those of all others. */
    static String instanceId() {
        return UUID.randomUUID().toString().substring(0, 8);
    }

    static String applicationName(String prefix, String instance, int worker, String groupId) {
        String ascii = groupId.replaceAll("[^\\x20-\\x7e]", "?");
        String name = String.format(Locale.ROOT, "%s%s/%d %s", prefix, instance, worker, ascii);
        return name.getBytes(StandardCharsets.US_ASCII).length <= LONGEST_NAME ? name : name.substring(0, LONGEST_NAME);
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}
