package dev.tidemark.testkit.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A TCP proxy whose connections can fall silent without closing, both ways, as behind a firewall that forgets them or before a host
 * that is gone: what either side sends is kept, and that a side closes is not passed on either.
 */
public final class FreezingProxy implements AutoCloseable {
    private final ServerSocket listener;
    private final int target;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private volatile boolean newOnesFrozen;
    private volatile @Nullable Predicate<String> moment;
    private volatile boolean momentCame;

    public FreezingProxy(int target) throws IOException {
        this.target = target;
        this.listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        daemon(this::accept, "freezing-accept");
    }

    /** The same database through this proxy. */
    public String through(String jdbcUrl) {
        return jdbcUrl.replace(":" + target + "/", ":" + listener.getLocalPort() + "/");
    }

    /** Silences what is connected now; new connections work. */
    public void freezeOpen() {
        freeze(link -> true);
    }

    /** Silences the connections that the server knows by these client ports. */
    public void freeze(Collection<Integer> clientPorts) {
        freeze(link -> clientPorts.stream().anyMatch(link::isOf));
    }

    /** Silences everything but these, new connections too. */
    public void freezeAllBut(Collection<Integer> clientPorts) {
        newOnesFrozen = true;
        freeze(link -> clientPorts.stream().noneMatch(link::isOf));
    }

    /** Silences everything, new connections too: they are taken, and nothing ever comes. */
    public void freezeAll() {
        newOnesFrozen = true;
        freezeOpen();
    }

    /** New connections work from now on; those that were silent stay so. */
    public void letNewOnesThrough() {
        newOnesFrozen = false;
    }

    /** Silences the first connection whose client sends what this holds for: it arrives, and what the server says to it does not. */
    public void freezeAt(Predicate<String> sent) {
        momentCame = false;
        moment = sent;
    }

    /** As {@link #freezeAt(Predicate)}, for the connection that the server knows by this client port. */
    public void freezeAt(int clientPort, Predicate<String> sent) {
        momentCame = false;
        links.stream().filter(link -> link.isOf(clientPort)).forEach(link -> link.moment = sent);
    }

    /** Silences the connection that the server knows by this client port in the middle of a reply: after so many more bytes. */
    public void freezeInReply(int clientPort, int bytes) {
        momentCame = false;
        links.stream().filter(link -> link.isOf(clientPort)).forEach(link -> link.freezeAfter(bytes));
    }

    /** Whether the moment to freeze at came. */
    public boolean hasFrozen() {
        return momentCame;
    }

    private void freeze(Predicate<Link> which) {
        links.stream().filter(which).forEach(Link::freeze);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                Link link = new Link(client, server);
                if (newOnesFrozen) {
                    link.freeze();
                }
                links.add(link);
                link.start();
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Link link : links) {
            link.end();
        }
    }

    private static void daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** One connection. */
    private final class Link {
        private final Socket client;
        private final Socket server;
        private volatile @Nullable Predicate<String> moment;
        private boolean frozen;
        private boolean ended;

        /** How many bytes of replies pass until it freezes; zero if it does not for that. */
        private long replyLeft;

        Link(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        void start() {
            daemon(() -> pump(client, server), "freezing-client");
            daemon(() -> pump(server, client), "freezing-server");
        }

        boolean isOf(int clientPort) {
            return server.getLocalPort() == clientPort;
        }

        synchronized void freeze() {
            frozen = true;
        }

        synchronized void freezeAfter(int bytes) {
            replyLeft = bytes;
        }

        private synchronized void replied(int bytes) {
            if (replyLeft > 0) {
                replyLeft = Math.max(0, replyLeft - bytes);
                if (replyLeft == 0) {
                    frozen = true;
                    momentCame = true;
                }
            }
        }

        void end() {
            synchronized (this) {
                ended = true;
                notifyAll();
            }
            closeBoth();
        }

        private void pump(Socket from, Socket to) {
            byte[] buffer = new byte[8192];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                int n = 0;
                while (n >= 0) {
                    n = in.read(buffer);
                    awaitThaw();
                    if (n > 0) {
                        freezeAtMoment(from, buffer, n);
                        out.write(buffer, 0, n);
                        if (from == server) {
                            replied(n);
                        }
                    }
                }
            } catch (IOException e) {
                // That a side is gone is news too, which a silent connection does not pass on.
                awaitThaw();
            }
            closeBoth();
        }

        private void freezeAtMoment(Socket from, byte[] buffer, int length) {
            if (from == server) {
                return;
            }
            String sent = new String(buffer, 0, length, StandardCharsets.ISO_8859_1);
            Predicate<String> ofAll = FreezingProxy.this.moment;
            Predicate<String> own = moment;
            if (ofAll != null && ofAll.test(sent)) {
                FreezingProxy.this.moment = null;
            } else if (own == null || !own.test(sent)) {
                return;
            }
            moment = null;
            freeze();
            momentCame = true;
        }

        private synchronized void awaitThaw() {
            try {
                while (frozen && !ended) {
                    wait();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void closeBoth() {
            try {
                client.close();
                server.close();
            } catch (IOException e) {
                // It is over, either way.
            }
            links.remove(this);
        }
    }
}
