package dev.tidemark.failure.leftovers;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordHandler;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Records of one partition, of which one leaves something behind. */
abstract class LeftoversCase {
    static final int RECORDS = 40;

    final KafkaServer kafka = Servers.kafka();
    final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    final String topic = kafka.createTopic(Servers.unique("left"), 1);

    void send(int from, int to) {
        try (var producer = kafka.producer()) {
            for (int n = from; n < to; n++) {
                var unused = producer.send(new ProducerRecord<>(topic, 0, null, Integer.toString(n)));
            }
        }
    }

    /** How many records have been read. */
    long read() {
        return ExactlyOnce.progress(database, topic);
    }

    Running start(FailurePolicy policy, int most, RecordHandler<String, String> handler) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .limits(UnitLimits.defaults().withMaxRecords(most))
                        .onFailure(policy)
                        .handle(handler));
    }

    /** With a deserializer for the values, on one worker. */
    Running start(
            Deserializer<String> values,
            FailurePolicy policy,
            UnitLimits limits,
            RecordHandler<String, String> handler) {
        return start(values, policy, limits, handler, builder -> builder);
    }

    Running start(
            Deserializer<String> values,
            FailurePolicy policy,
            UnitLimits limits,
            RecordHandler<String, String> handler,
            UnaryOperator<TidemarkBuilder<String, String>> special) {
        var config = kafka.consumerConfig(topic, "cooperative");
        HikariDataSource pool = database.pool(5);
        return Running.start(
                pool,
                config,
                ignored -> special.apply(Tidemark.consumer(config)
                                .deserializers(StringDeserializer::new, () -> values)
                                .database(pool)
                                .topics(topic)
                                .workers(1)
                                .limits(limits)
                                .onFailure(policy))
                        .handle(handler));
    }
}
