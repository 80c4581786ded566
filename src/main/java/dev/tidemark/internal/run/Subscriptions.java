package dev.tidemark.internal.run;

import dev.tidemark.internal.plan.Subscription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;

/** Subscribes or assigns a Kafka consumer. */
public final class Subscriptions {
    private Subscriptions() {}

    public static void begin(Consumer<?, ?> consumer, Subscription subscription, ConsumerRebalanceListener listener) {
        if (subscription instanceof Subscription.Topics topics) {
            consumer.subscribe(topics.names(), listener);
        } else if (subscription instanceof Subscription.Matching matching) {
            consumer.subscribe(matching.pattern(), listener);
        } else if (subscription instanceof Subscription.Manual manual) {
            consumer.assign(manual.partitions());
            // There is no group to call back.
            listener.onPartitionsAssigned(manual.partitions());
        }
    }
}
