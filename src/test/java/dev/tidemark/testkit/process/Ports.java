package dev.tidemark.testkit.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;

/**
 * Ports on loopback for servers that must know theirs before they start. They lie below those that systems give to outgoing
 * connections, and no two JVMs get the same one: each holds a lock on the port's byte of a file while it lives.
 */
public final class Ports {
    private static final int FIRST = 15_000;

    /** Linux gives outgoing connections ports from here on, other systems from 49152 on. */
    private static final int END = 32_768;

    private static final Set<Integer> TAKEN = new HashSet<>();
    private static final Random RANDOM = new Random();
    private static final FileChannel LOCKS = open();

    private Ports() {}

    private static FileChannel open() {
        try {
            return FileChannel.open(
                    Path.of(
                            System.getProperty("java.io.tmpdir"),
                            "tidemark-test-ports-" + System.getProperty("user.name")),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A port that is free, and that nothing else takes as long as this JVM lives. */
    public static synchronized int free() {
        while (true) {
            int port = FIRST + RANDOM.nextInt(END - FIRST);
            if (TAKEN.add(port) && lock(port) && isUnused(port)) {
                return port;
            }
        }
    }

    private static boolean lock(int port) {
        try {
            return LOCKS.tryLock(port, 1, false) != null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isUnused(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException e) {
            return false;
        }
    }
}
