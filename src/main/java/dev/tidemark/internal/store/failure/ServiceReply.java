package dev.tidemark.internal.store.failure;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.jspecify.annotations.Nullable;

/** What a service that a deserializer asks, such as a schema registry, has replied instead of an answer about the record. */
final class ServiceReply {
    /** The names under which clients of schema registries, and of HTTP and gRPC in general, give the status of a reply, or the reply. */
    private static final List<String> STATUS = List.of(
            "getStatus",
            "getStatusCode",
            "getResponseStatusCode",
            "getHttpStatusCode",
            "statusCode",
            "status",
            "getResponse",
            "response");

    /** The names under which a reply or a status gives its number or its word. */
    private static final List<String> WITHIN =
            List.of("getStatusCode", "statusCode", "getStatus", "status", "getCode", "code", "value");

    /** A reply has a status, which has a code. */
    private static final int DEPTH = 3;

    /** Not logged in, not allowed, a proxy's login, a timeout, too early, too many requests (RFC 9110, 6585, 8470). */
    private static final List<Integer> NOT_ABOUT_THE_REQUEST = List.of(401, 403, 407, 408, 425, 429);

    /** The codes of gRPC that correspond to these and to 5xx, by the mapping of google.rpc.Code. */
    private static final Set<String> WORDS = Set.of(
            "UNAUTHENTICATED",
            "PERMISSION_DENIED",
            "DEADLINE_EXCEEDED",
            "RESOURCE_EXHAUSTED",
            "ABORTED",
            "CANCELLED",
            "UNAVAILABLE",
            "INTERNAL",
            "UNKNOWN");

    /** What clients of registries throw if there was no reply at all: no credentials, no address, no connection. */
    private static final List<String> CLIENTS = List.of(
            "software.amazon.awssdk.core.exception.",
            "com.amazonaws.SdkClientException",
            "com.azure.core.exception.",
            "com.azure.identity.",
            "io.grpc.");

    private ServiceReply() {}

    /** Whether it refused to answer, or could not: another time it may. */
    static boolean isRefusal(Throwable t) {
        if (t instanceof AuthenticationException || t instanceof AuthorizationException) {
            return true;
        }
        if (t instanceof SQLException) {
            return false;
        }
        Boolean told = toldBy(t, STATUS, DEPTH);
        return told != null ? told : CLIENTS.stream().anyMatch(t.getClass().getName()::startsWith);
    }

    /** Whether this status of HTTP says so. */
    static boolean isRefusal(int status) {
        return NOT_ABOUT_THE_REQUEST.contains(status) || (status >= 500 && status <= 599);
    }

    /** Whether one of these methods says so; null if none of them tells a status. */
    private static @Nullable Boolean toldBy(Object o, List<String> methods, int depth) {
        Boolean told = null;
        for (String method : methods) {
            Boolean answer = isRefusal(ask(o, method), depth);
            if (Boolean.TRUE.equals(answer)) {
                return true;
            }
            told = answer == null ? told : answer;
        }
        return told;
    }

    private static @Nullable Boolean isRefusal(@Nullable Object status, int depth) {
        if (status instanceof Integer code) {
            return code < 0 ? null : isRefusal((int) code);
        }
        if (status instanceof Enum<?> word && WORDS.contains(word.name().toUpperCase(Locale.ROOT))) {
            return true;
        }
        return (status == null || depth == 0 || status instanceof CharSequence)
                ? null
                : toldBy(status, WITHIN, depth - 1);
    }

    /** What a method without parameters returns; null if there is none that may be called. */
    private static @Nullable Object ask(Object o, String name) {
        for (Class<?> type = o.getClass(); type != null; type = type.getSuperclass()) {
            // A class that is not public cannot be asked: its superclass may be, or what it implements.
            Object answer = Modifier.isPublic(type.getModifiers()) ? ask(o, type, name) : null;
            for (Class<?> implemented : type.getInterfaces()) {
                answer = (answer == null && Modifier.isPublic(implemented.getModifiers()))
                        ? ask(o, implemented, name)
                        : answer;
            }
            if (answer != null) {
                return answer;
            }
        }
        return null;
    }

    private static @Nullable Object ask(Object o, Class<?> type, String name) {
        try {
            Method method = type.getMethod(name);
            return Modifier.isStatic(method.getModifiers()) ? null : method.invoke(o);
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            return null;
        }
    }
}
