package dev.tidemark.internal.plan;

import dev.tidemark.TidemarkException;
import java.time.Duration;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/** What to do after a unit of work. */
public sealed interface Reaction {
    /** Java 17 has no pattern switch; with this the compiler sees to it that no case is forgotten. */
    <R> R fold(Cases<R> cases);

    /** One method a case. */
    interface Cases<R> {
        /** The unit took effect. */
        R goOn();

        /** See {@link Reclaim}. */
        R reclaim(Reclaim reaction);

        /** See {@link RetryAfter}. */
        R retry(RetryAfter reaction);

        /** The same records again in smaller units, until the failing one stands alone. */
        R isolate();

        /** See {@link Halt}. */
        R halt(Halt reaction);

        /** See {@link Stop}. */
        R stop(Stop reaction);
    }

    /** The unit took effect. */
    record GoOn() implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.goOn();
        }
    }

    /** Drop what is buffered for these partitions and claim them again if Kafka still assigns them; go on with the rest. */
    record Reclaim(Set<TopicPartition> partitions, TidemarkException why) implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.reclaim(this);
        }
    }

    /** The same records again under the same claims, after this long; in smaller units when they were in each other's way. */
    record RetryAfter(Duration delay, boolean smaller, TidemarkException why) implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.retry(this);
        }
    }

    /** The same records again in smaller units, until the failing one stands alone. */
    record Isolate() implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.isolate();
        }
    }

    /** The partitions of this unit stand still; the others go on. */
    record Halt(TidemarkException why) implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.halt(this);
        }
    }

    /** The whole consumer cannot go on. */
    record Stop(TidemarkException why) implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.stop(this);
        }
    }
}
