package dev.tidemark.bench.contender;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.BatchHandler;
import dev.tidemark.StartPosition;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.UnitLimits;
import dev.tidemark.bench.kit.Contender;
import dev.tidemark.bench.kit.Effect;
import dev.tidemark.bench.kit.Flight;
import dev.tidemark.bench.kit.FlightDeserializer;
import dev.tidemark.bench.kit.Meter;
import dev.tidemark.bench.kit.Task;
import dev.tidemark.sql.SqlBatch;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jdbi.v3.core.Handle;

/**
 * Tidemark: {@code handle} with a plain handler of one record, {@code handleBatch}, or that with a statement and a function to its
 * parameters. Its defaults, but for the number of workers.
 */
public final class Embedded implements Contender {
    public static void main(String[] args) throws Exception {
        Contender.main(args, new Embedded());
    }

    @Override
    public void run(Task task, Meter meter) throws Exception {
        try (HikariDataSource pool = new HikariDataSource()) {
            pool.setJdbcUrl(task.jdbcUrl());
            pool.setMaximumPoolSize(task.workers() + 1);
            TidemarkSchema.migrate(pool);
            CommitWatch watch = new CommitWatch(meter, task.latency());
            TidemarkBuilder<byte[], Flight> builder = Tidemark.consumer(
                            Map.of("bootstrap.servers", task.bootstrapServers(), "group.id", task.group()))
                    .topics(task.topic())
                    .deserializers(ByteArrayDeserializer::new, FlightDeserializer::new)
                    .database(pool)
                    .addListener(watch)
                    .startAt(StartPosition.earliest())
                    .limits(UnitLimits.defaults().withMaxRecords(task.unitRecords()))
                    .workers(task.workers());
            try (TidemarkConsumer consumer = switch (task.variant()) {
                case "handle" -> builder.handle((record, tx) -> handle(task.effect(), record, tx, watch));
                case "declared" -> builder.handleBatch(declared(task.effect(), watch));
                default -> builder.handleBatch((records, tx) -> handle(task.effect(), records, tx, watch));
            }) {
                Thread stopper = new Thread(() -> stopOnceDone(meter, consumer), "stopper");
                stopper.start();
                consumer.run();
            }
        }
    }

    private static void handle(Effect effect, ConsumerRecord<byte[], Flight> record, Handle tx, CommitWatch watch) {
        Flight flight = record.value();
        if (effect == Effect.FOLD_ROW) {
            tx.execute(Effect.FOLD_ONE, flight.origin(), flight.delay());
        } else {
            tx.execute(
                    effect == Effect.SLOW ? Effect.INSERT_SLOWLY : Effect.INSERT,
                    flight.date(),
                    flight.delay(),
                    flight.distance(),
                    flight.origin(),
                    flight.destination());
        }
        watch.handled(record);
    }

    private static BatchHandler<byte[], Flight> declared(Effect effect, CommitWatch watch) {
        SqlBatch<byte[], Flight> batch = effect.folds()
                ? SqlBatch.of(
                        Effect.FOLD_ONE,
                        (record, rows) ->
                                rows.add(record.value().origin(), record.value().delay()))
                : SqlBatch.of(Effect.INSERT, (record, rows) -> {
                    Flight flight = record.value();
                    rows.add(flight.date(), flight.delay(), flight.distance(), flight.origin(), flight.destination());
                });
        return (records, tx) -> {
            batch.handle(records, tx);
            watch.handled(records);
        };
    }

    private static void handle(
            Effect effect, List<ConsumerRecord<byte[], Flight>> records, Handle tx, CommitWatch watch)
            throws Exception {
        List<Flight> flights = new ArrayList<>(records.size());
        records.forEach(record -> flights.add(record.value()));
        Connection connection = tx.getConnection();
        effect.apply(connection, flights);
        watch.handled(records);
    }

    private static void stopOnceDone(Meter meter, TidemarkConsumer consumer) {
        try {
            if (meter.await(PATIENCE)) {
                consumer.stop();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
