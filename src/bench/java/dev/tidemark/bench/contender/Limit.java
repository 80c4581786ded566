package dev.tidemark.bench.contender;

import dev.tidemark.bench.kit.Contender;
import dev.tidemark.bench.kit.Effect;
import dev.tidemark.bench.kit.Flight;
import dev.tidemark.bench.kit.FlightDeserializer;
import dev.tidemark.bench.kit.Meter;
import dev.tidemark.bench.kit.Sample;
import dev.tidemark.bench.kit.Task;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** What the database takes: the same bytes from memory, decoded and written as everybody does, without Kafka and without offsets. */
public final class Limit implements Contender {
    public static void main(String[] args) throws Exception {
        Contender.main(args, new Limit());
    }

    @Override
    public void run(Task task, Meter meter) throws Exception {
        Sample sample = Sample.load();
        List<Thread> threads = IntStream.range(0, task.workers())
                .mapToObj(worker -> new Thread(() -> write(task, meter, sample, worker)))
                .toList();
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static void write(Task task, Meter meter, Sample sample, int worker) {
        try (Connection c = DriverManager.getConnection(task.jdbcUrl());
                FlightDeserializer deserializer = new FlightDeserializer()) {
            c.setAutoCommit(false);
            long[] mine = numbers(task, sample, deserializer, worker);
            List<Flight> unit = new ArrayList<>();
            for (long number : mine) {
                unit.add(deserializer.deserialize(task.topic(), sample.value(number)));
                if (unit.size() == task.unitRecords()) {
                    commit(task.effect(), c, unit, meter);
                }
            }
            if (!unit.isEmpty()) {
                commit(task.effect(), c, unit, meter);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** As in Kafka, an airport's flights are all in one place where airports are counted. */
    private static long[] numbers(Task task, Sample sample, FlightDeserializer deserializer, int worker) {
        int[] workerOf = IntStream.range(0, sample.size())
                .map(i -> task.effect().folds()
                        ? Math.floorMod(
                                deserializer
                                        .deserialize(task.topic(), sample.value(i))
                                        .origin()
                                        .hashCode(),
                                task.workers())
                        : i % task.workers())
                .toArray();
        return IntStream.range(0, (int) task.records())
                .filter(i -> workerOf[i % workerOf.length] == worker)
                .asLongStream()
                .toArray();
    }

    private static void commit(Effect effect, Connection c, List<Flight> unit, Meter meter) throws SQLException {
        effect.apply(c, unit);
        c.commit();
        meter.committed(unit.size());
        unit.clear();
    }
}
