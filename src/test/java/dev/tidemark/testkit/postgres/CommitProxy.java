package dev.tidemark.testkit.postgres;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A TCP proxy that reads PostgreSQL's frames, so that it can cut a connection exactly before a COMMIT reaches the server, or after
 * it was done and before the reply reaches the client. Only transactions that advanced an offset count.
 */
public final class CommitProxy implements AutoCloseable {
    /** Where to cut the next commit. */
    public enum Cut {
        NOWHERE,
        BEFORE_COMMIT,
        AFTER_COMMIT
    }

    private final ServerSocket listener;
    private final int target;
    private final AtomicReference<Cut> next = new AtomicReference<>(Cut.NOWHERE);
    private final AtomicInteger cuts = new AtomicInteger();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

    public CommitProxy(int target) throws IOException {
        this.target = target;
        this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread acceptor = new Thread(this::accept, "proxy-accept");
        acceptor.setDaemon(true);
        acceptor.start();
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** Cuts the next commit of a unit of work there, once. */
    public void cutNext(Cut cut) {
        next.set(cut);
    }

    /** How many commits were cut. */
    public int cuts() {
        return cuts.get();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                sockets.add(client);
                sockets.add(server);
                new Session(client, server).start();
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
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    /** One connection. */
    private final class Session {
        private final Socket client;
        private final Socket server;
        private final Set<String> commitStatements = new HashSet<>();
        private final Set<String> advanceStatements = new HashSet<>();
        private boolean advanced;
        private volatile boolean swallowReplies;

        Session(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        void start() {
            daemon(this::fromClient, "proxy-client");
            daemon(this::fromServer, "proxy-server");
        }

        private void daemon(Runnable task, String name) {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            thread.start();
        }

        private void fromClient() {
            try (client;
                    server) {
                DataInputStream in = new DataInputStream(client.getInputStream());
                OutputStream out = server.getOutputStream();
                byte[] startup = body(in);
                writeInt(out, startup.length + 4);
                out.write(startup);
                out.flush();
                while (true) {
                    int type = in.read();
                    if (type < 0) {
                        return;
                    }
                    byte[] body = body(in);
                    if (isCommit(type, body) && advanced) {
                        advanced = false;
                        Cut cut = next.getAndSet(Cut.NOWHERE);
                        if (cut == Cut.BEFORE_COMMIT) {
                            cuts.incrementAndGet();
                            return;
                        }
                        swallowReplies = cut == Cut.AFTER_COMMIT;
                    }
                    forward(type, body, in, out);
                }
            } catch (IOException e) {
                // The connection is over, on either side.
            }
        }

        /** Notes COMMIT, whether it is sent as text or as a statement prepared before, and an advance. */
        private boolean isCommit(int type, byte[] body) {
            switch (type) {
                case 'P' -> {
                    String name = text(body, 0);
                    String sql = text(body, name.length() + 1).strip();
                    if (sql.equalsIgnoreCase("commit")) {
                        commitStatements.add(name);
                    } else {
                        commitStatements.remove(name);
                    }
                    if (sql.contains("set next_offset =")) {
                        advanceStatements.add(name);
                    } else {
                        advanceStatements.remove(name);
                    }
                    return false;
                }
                case 'B' -> {
                    String portal = text(body, 0);
                    String name = text(body, portal.length() + 1);
                    advanced |= advanceStatements.contains(name);
                    return commitStatements.contains(name);
                }
                case 'Q' -> {
                    return text(body, 0).strip().equalsIgnoreCase("commit");
                }
                default -> {
                    return false;
                }
            }
        }

        private void fromServer() {
            try (client;
                    server) {
                DataInputStream in = new DataInputStream(server.getInputStream());
                OutputStream out = client.getOutputStream();
                while (true) {
                    int type = in.read();
                    if (type < 0) {
                        return;
                    }
                    byte[] body = body(in);
                    if (swallowReplies) {
                        if (type == 'C' && text(body, 0).equals("COMMIT")) {
                            cuts.incrementAndGet();
                            return;
                        }
                        continue;
                    }
                    forward(type, body, in, out);
                }
            } catch (IOException e) {
                // The connection is over, on either side.
            }
        }
    }

    private static byte[] body(DataInputStream in) throws IOException {
        int length = in.readInt() - 4;
        return in.readNBytes(length);
    }

    private static void forward(int type, byte[] body, DataInputStream in, OutputStream out) throws IOException {
        out.write(type);
        writeInt(out, body.length + 4);
        out.write(body);
        if (in.available() == 0) {
            out.flush();
        }
    }

    private static void writeInt(OutputStream out, int value) throws IOException {
        out.write(new byte[] {(byte) (value >>> 24), (byte) (value >>> 16), (byte) (value >>> 8), (byte) value});
    }

    private static String text(byte[] body, int from) {
        int end = from;
        while (end < body.length && body[end] != 0) {
            end++;
        }
        return new String(body, from, end - from, StandardCharsets.UTF_8);
    }
}
