package dev.tidemark.proof.chaos.member;

import dev.tidemark.proof.chaos.member.PostgresProxy.Moment;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** One connection through the proxy: passes frames on, and notices an advance and its COMMIT. */
public final class ProxyLink {
    private final PostgresProxy proxy;
    private final Socket client;
    private final Socket server;
    private final Set<String> commits = ConcurrentHashMap.newKeySet();
    private final Set<String> advances = ConcurrentHashMap.newKeySet();
    private boolean silent;
    private boolean ended;
    private volatile boolean advanced;
    private volatile boolean awaitsAdvance;
    private volatile boolean awaitsCommit;
    private volatile boolean worker;
    private volatile boolean control;

    ProxyLink(PostgresProxy proxy, Socket client, Socket server) {
        this.proxy = proxy;
        this.client = client;
        this.server = server;
    }

    void start() {
        daemon(() -> pump(client, server, true), "proxy-client");
        daemon(() -> pump(server, client, false), "proxy-server");
    }

    static void daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Whether it has run units of work. */
    public boolean isWorker() {
        return worker;
    }

    /** Whether it has claimed partitions. */
    public boolean isControl() {
        return control;
    }

    synchronized void silence() {
        silent = true;
    }

    synchronized void speak() {
        silent = false;
        notifyAll();
    }

    void close() {
        synchronized (this) {
            ended = true;
            notifyAll();
        }
        try {
            client.close();
            server.close();
        } catch (IOException e) {
            // It is over, either way.
        }
        proxy.ended(this);
    }

    private synchronized void awaitSpeech() {
        try {
            while (silent && !ended) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void pump(Socket from, Socket to, boolean fromClient) {
        try {
            DataInputStream in = new DataInputStream(from.getInputStream());
            DataOutputStream out = new DataOutputStream(new BufferedOutputStream(to.getOutputStream(), 16_384));
            if (fromClient) {
                // The first one has no type.
                byte[] startup = in.readNBytes(in.readInt() - 4);
                awaitSpeech();
                out.writeInt(startup.length + 4);
                out.write(startup);
                out.flush();
            }
            for (int type = in.read(); type >= 0; type = in.read()) {
                byte[] body = in.readNBytes(in.readInt() - 4);
                if (fromClient ? cutsRequest(type, body) : cutsReply(type, body)) {
                    break;
                }
                awaitSpeech();
                out.writeByte(type);
                out.writeInt(body.length + 4);
                out.write(body);
                if (in.available() == 0) {
                    out.flush();
                }
            }
            out.flush();
        } catch (IOException e) {
            // One side is gone; while the link is silent the other does not learn of it.
        }
        awaitSpeech();
        close();
    }

    private boolean cutsRequest(int type, byte[] body) {
        if (type == 'P') {
            String name = text(body, 0);
            String sql = text(body, name.length() + 1).strip();
            if (sql.equalsIgnoreCase("commit")) {
                commits.add(name);
            } else {
                commits.remove(name);
            }
            control |= sql.contains("claimed_at = clock_timestamp()");
            if (sql.contains("set next_offset =") || sql.contains(".advance_offset(")) {
                advances.add(name);
            } else {
                advances.remove(name);
            }
            return false;
        }
        // The server may keep either prepared.
        String bound = type == 'B' ? text(body, text(body, 0).length() + 1) : null;
        if (bound != null && advances.contains(bound)) {
            advanced = true;
            worker = true;
            awaitsAdvance = true;
        }
        boolean prepared = bound != null && commits.contains(bound);
        boolean commit = prepared || (type == 'Q' && text(body, 0).strip().equalsIgnoreCase("commit"));
        if (!commit || !advanced) {
            return false;
        }
        advanced = false;
        awaitsCommit = true;
        return proxy.strikes(this, Moment.COMMIT);
    }

    private boolean cutsReply(int type, byte[] body) {
        if (awaitsAdvance && type == 'C') {
            awaitsAdvance = false;
            return proxy.strikes(this, Moment.ADVANCE_REPLY);
        }
        if (awaitsCommit && type == 'C' && text(body, 0).equals("COMMIT")) {
            awaitsCommit = false;
            return proxy.strikes(this, Moment.COMMIT_REPLY);
        }
        return false;
    }

    private static String text(byte[] body, int from) {
        int end = from;
        while (end < body.length && body[end] != 0) {
            end++;
        }
        return new String(body, from, end - from, StandardCharsets.UTF_8);
    }
}
