package dev.tidemark.internal.store.failure;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.sql.SQLException;
import java.util.List;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;

/** What a service that a deserializer asks, such as a schema registry, has replied instead of an answer about the record. */
final class ServiceReply {
    /** The names under which clients of schema registries, and of HTTP in general, give the status of a reply. */
    private static final List<String> STATUS =
            List.of("getStatus", "getStatusCode", "getResponseStatusCode", "getHttpStatusCode", "statusCode");

    /** Not logged in, not allowed, a proxy's login, a timeout, too early, too many requests (RFC 9110, 6585, 8470). */
    private static final List<Integer> NOT_ABOUT_THE_REQUEST = List.of(401, 403, 407, 408, 425, 429);

    private ServiceReply() {}

    /** Whether it refused to answer, or could not: another time it may. */
    static boolean isRefusal(Throwable t) {
        if (t instanceof AuthenticationException || t instanceof AuthorizationException) {
            return true;
        }
        return !(t instanceof SQLException) && STATUS.stream().anyMatch(name -> isRefusal(status(t, name)));
    }

    /** Whether this status of HTTP says so. */
    static boolean isRefusal(int status) {
        return NOT_ABOUT_THE_REQUEST.contains(status) || (status >= 500 && status <= 599);
    }

    /** What a method without parameters returns; -1 if there is none, or it does not return a number. */
    private static int status(Throwable t, String name) {
        for (Class<?> type = t.getClass(); type != null; type = type.getSuperclass()) {
            // A class that is not public cannot be asked: its superclass may be.
            if (Modifier.isPublic(type.getModifiers())) {
                try {
                    Method method = type.getMethod(name);
                    return method.invoke(t) instanceof Integer status ? status : -1;
                } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
                    return -1;
                }
            }
        }
        return -1;
    }
}
