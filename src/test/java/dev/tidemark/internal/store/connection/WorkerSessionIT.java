package dev.tidemark.internal.store.connection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A borrowed connection comes back as it was. */
class WorkerSessionIT {
    private final TestDatabase database = Servers.postgres().createDatabase();

    @ParameterizedTest
    @CsvSource({
        // the user's own limit in ms; between units, and inside of one
        "0, 10000, 70000",
        "5000, 5000, 5000",
        "30000, 10000, 30000",
        "90000, 10000, 70000"
    })
    void theShorterLimitCountsAndTheUsersOwnComesBack(int own, int between, int inside) throws SQLException {
        AtomicInteger returned = new AtomicInteger();
        try (Connection real = database.connect()) {
            real.setNetworkTimeout(Runnable::run, own);
            WorkerSession session = new WorkerSession(
                    onlyOne(real, returned), "tidemark/test", Duration.ofMinutes(1), Duration.ofSeconds(10));
            assertThat(session.connection().get().getNetworkTimeout()).isEqualTo(between);
            OpenUnit unit = session.begin(System.nanoTime(), List.of());
            session.connection().allowLongReads();
            assertThat(real.getNetworkTimeout()).isEqualTo(inside);
            session.end(unit);
            assertThat(real.getNetworkTimeout()).isEqualTo(between);
            session.giveBack();
            assertThat(returned).hasValue(1);
            assertThat(real.getNetworkTimeout()).isEqualTo(own);
            assertThat(real.getAutoCommit()).isTrue();
            ControlConnection control = new ControlConnection(onlyOne(real, returned), Duration.ofSeconds(10));
            control.inTransaction(
                    c -> assertThat(c.getNetworkTimeout()).isEqualTo(own == 0 ? 15_000 : Math.min(own, 15_000)));
            control.close();
            assertThat(returned).hasValue(2);
            assertThat(real.getNetworkTimeout()).isEqualTo(own);
            assertThat(real.getAutoCommit()).isTrue();
        }
    }

    /** A pool that holds one connection and changes nothing of it. */
    private static DataSource onlyOne(Connection real, AtomicInteger returned) {
        Connection kept = proxy(Connection.class, real, "close", () -> {
            returned.incrementAndGet();
            return null;
        });
        return proxy(DataSource.class, real, "getConnection", () -> kept);
    }

    private interface Instead {
        @Nullable
        Object run();
    }

    private static <T> T proxy(Class<T> type, Object real, String method, Instead instead) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (p, called, args) -> {
            if (called.getName().equals(method)) {
                return instead.run();
            }
            try {
                return called.invoke(real, args);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }
}
