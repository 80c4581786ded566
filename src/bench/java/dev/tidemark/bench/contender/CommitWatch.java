package dev.tidemark.bench.contender;

import dev.tidemark.bench.kit.Meter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Sees from outside when a worker commits, and tells the meter what it had handled until then. */
final class CommitWatch {
    /** What a worker's open transaction holds. */
    private static final class Open {
        private int records;
        private final List<Long> sent = new ArrayList<>();

        private void clear() {
            records = 0;
            sent.clear();
        }
    }

    private final DataSource target;
    private final Meter meter;
    private final boolean latency;
    private final ThreadLocal<Open> open = ThreadLocal.withInitial(Open::new);

    CommitWatch(DataSource target, Meter meter, boolean latency) {
        this.target = target;
        this.meter = meter;
        this.latency = latency;
    }

    /** The same data source, watched. */
    DataSource dataSource() {
        return proxy(
                DataSource.class, target, (method, result) -> result instanceof Connection c ? watched(c) : result);
    }

    void handled(ConsumerRecord<?, ?> record) {
        Open unit = open.get();
        unit.records++;
        if (latency) {
            unit.sent.add(Meter.sent(record.headers()));
        }
    }

    void handled(List<? extends ConsumerRecord<?, ?>> records) {
        if (latency) {
            records.forEach(this::handled);
        } else {
            open.get().records += records.size();
        }
    }

    private Connection watched(Connection connection) {
        return proxy(Connection.class, connection, (method, result) -> {
            if (method.getName().equals("commit")) {
                committed();
            } else if (method.getName().equals("rollback")) {
                open.get().clear();
            }
            return result;
        });
    }

    private void committed() {
        Open unit = open.get();
        if (unit.records > 0) {
            meter.committed(unit.records);
            unit.sent.forEach(meter::arrived);
            unit.clear();
        }
    }

    private interface After {
        Object returned(Method method, Object result);
    }

    private static <T> T proxy(Class<T> type, T target, After after) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (p, method, args) -> {
            try {
                return after.returned(method, method.invoke(target, args));
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }
}
