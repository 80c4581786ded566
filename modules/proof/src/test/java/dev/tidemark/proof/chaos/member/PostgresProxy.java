package dev.tidemark.proof.chaos.member;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntSupplier;
import java.util.function.Predicate;

/**
 * A TCP proxy between one member and PostgreSQL. It reads frames, so that it can strike at an exact moment of a unit's end: cut the
 * connection there, or hold it. It can also cut, silence or refuse connections at any time.
 */
public final class PostgresProxy implements AutoCloseable {
    /** When to strike, in the life of a transaction that advances an offset. */
    public enum Moment {
        /** The advance is done, and its reply has not reached the client. */
        ADVANCE_REPLY,
        /** COMMIT was sent, and has not reached the server. */
        COMMIT,
        /** COMMIT is done, and its reply has not reached the client. */
        COMMIT_REPLY
    }

    /** How to strike. */
    public enum Deed {
        CUT,
        HOLD
    }

    private record Strike(Moment moment, Deed deed) {}

    private final ServerSocket listener;
    private final IntSupplier target;
    private final Set<ProxyLink> links = ConcurrentHashMap.newKeySet();
    private volatile Strike armed;
    private volatile ProxyLink held;
    private volatile boolean struck;
    private volatile boolean newOnesSilent;
    private volatile boolean refusing;

    /**
     * Listens on a port of its own.
     *
     * @param target the server's port, asked for each connection
     */
    public PostgresProxy(IntSupplier target) throws IOException {
        this.target = target;
        this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        ProxyLink.daemon(this::accept, "proxy-accept");
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** Strikes the next unit that comes to this moment, once. */
    public void arm(Moment moment, Deed deed) {
        struck = false;
        held = null;
        armed = new Strike(moment, deed);
    }

    /** Whether the moment has come. */
    public boolean hasStruck() {
        return struck;
    }

    /** Forgets a moment that has not come. */
    public void disarm() {
        armed = null;
    }

    /** Lets go what is held. */
    public void release() {
        ProxyLink link = held;
        if (link != null) {
            link.speak();
        }
    }

    /** Called by a link that has come to a moment. */
    synchronized boolean strikes(ProxyLink link, Moment moment) {
        Strike strike = armed;
        if (strike == null || strike.moment() != moment) {
            return false;
        }
        armed = null;
        if (strike.deed() == Deed.HOLD) {
            held = link;
            link.silence();
            struck = true;
            return false;
        }
        struck = true;
        return true;
    }

    /** Closes every connection. */
    public void cut() {
        links.forEach(ProxyLink::close);
    }

    /** Closes whatever connects from now on, or lets it through again. */
    public void refuse(boolean refuse) {
        refusing = refuse;
        if (refuse) {
            cut();
        }
    }

    /** Silences connections without closing them, in both directions. */
    public void silence(Predicate<ProxyLink> which) {
        links.stream().filter(which).forEach(ProxyLink::silence);
    }

    /** Silences all connections, and those that come. */
    public void silenceAll() {
        newOnesSilent = true;
        silence(link -> true);
    }

    /** Lets everything through again. */
    public void speak() {
        newOnesSilent = false;
        links.forEach(ProxyLink::speak);
    }

    void ended(ProxyLink link) {
        links.remove(link);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                if (refusing) {
                    client.close();
                    continue;
                }
                connect(client);
            } catch (IOException e) {
                // The listener is closed, or this client is gone already.
            }
        }
    }

    private void connect(Socket client) throws IOException {
        Socket server;
        try {
            server = new Socket(InetAddress.getLoopbackAddress(), target.getAsInt());
        } catch (IOException e) {
            client.close();
            return;
        }
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        ProxyLink link = new ProxyLink(this, client, server);
        if (newOnesSilent) {
            link.silence();
        }
        links.add(link);
        link.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cut();
    }
}
