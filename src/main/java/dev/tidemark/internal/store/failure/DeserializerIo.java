package dev.tidemark.internal.store.failure;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.MalformedURLException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where an {@code IOException} in a deserializer comes from: a network, to a schema registry for example, or the parsing of bytes in
 * memory, which fails with the same class. No word of a message decides, except for the JDK's, which are not translated.
 */
final class DeserializerIo {
    /** Where the JDK and common clients wait for a network, or throw what they have found there. */
    private static final List<String> NETWORK = List.of(
            "java.net.",
            "java.nio.channels.",
            "jdk.internal.net.",
            "sun.net.",
            "sun.nio.ch.",
            "sun.security.ssl.",
            "okhttp3.",
            "org.apache.http.",
            "org.apache.hc.",
            "org.eclipse.jetty.client.",
            "org.eclipse.jetty.io.",
            "io.netty.channel.",
            "io.netty.handler.ssl.",
            "reactor.netty.",
            "io.vertx.core.net.",
            "io.grpc.");

    /** What throws plain {@code IOException}s and {@code EOFException}s about the bytes of a record. */
    private static final List<String> PARSERS = List.of(
            "java.io.ObjectInputStream",
            "java.util.zip.",
            "org.apache.avro.",
            "org.apache.kafka.common.",
            "org.apache.thrift.",
            "com.fasterxml.",
            "com.google.",
            "com.esotericsoftware.kryo.",
            "org.msgpack.",
            "org.xerial.snappy.");

    /** What called the deserializer is not part of it, and may itself serve a network. */
    private static final String CALLER = "dev.tidemark.internal.queue.";

    /** As the JDK's HttpURLConnection tells a status, in an exception that has no method for it. */
    private static final Pattern STATUS = Pattern.compile("Server returned HTTP response code: (\\d{3})\\b");

    private DeserializerIo() {}

    /** Whether one of these was thrown by a network, or by a client of one. */
    static boolean isOfNetwork(List<Throwable> chain) {
        return chain.stream().anyMatch(DeserializerIo::isOfNetwork);
    }

    private static boolean isOfNetwork(Throwable t) {
        // A file, or a 404 of HttpURLConnection, is not there; a URL may be part of the record.
        boolean ofBytes =
                t instanceof FileNotFoundException || t instanceof MalformedURLException || HostLookup.isOfAddress(t);
        if (!(t instanceof IOException) || ofBytes) {
            return false;
        }
        String type = t.getClass().getName();
        boolean passed = type.startsWith("java.") && frames(t).stream().anyMatch(frame -> isIn(frame, NETWORK));
        @Nullable Integer status = passed ? status(t) : null;
        return status != null ? ServiceReply.isRefusal(status) : passed || isIn(type, NETWORK);
    }

    private static @Nullable Integer status(Throwable t) {
        String message = t.getMessage();
        Matcher matcher = STATUS.matcher(message == null ? "" : message);
        return matcher.find() ? Integer.valueOf(matcher.group(1)) : null;
    }

    /**
     * Whether nothing shows where these come from: the last of them has no class of its own, and was not thrown by a known parser. The
     * end of a stream looks the same in memory and on a socket.
     */
    static boolean isUnsure(List<Throwable> chain) {
        Throwable last = chain.get(chain.size() - 1);
        if (last.getClass() != IOException.class && last.getClass() != EOFException.class) {
            return false;
        }
        if (status(last) != null) {
            return false;
        }
        for (String frame : frames(last)) {
            if (isIn(frame, PARSERS)) {
                return false;
            }
            if (!frame.startsWith("java.") && !frame.startsWith("jdk.") && !frame.startsWith("sun.")) {
                break;
            }
        }
        return true;
    }

    /** The classes that it passed, innermost first; none if it was made without a trace. */
    private static List<String> frames(Throwable t) {
        return Arrays.stream(t.getStackTrace())
                .map(StackTraceElement::getClassName)
                .takeWhile(name -> !name.startsWith(CALLER))
                .toList();
    }

    private static boolean isIn(String name, List<String> packages) {
        return packages.stream().anyMatch(name::startsWith);
    }
}
