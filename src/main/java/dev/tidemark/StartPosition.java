package dev.tidemark;

import static dev.tidemark.errors.InvalidConfigurationException.requireGiven;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.time.Duration;
import java.time.Instant;

/**
 * Where a group starts that has no stored offsets for a topic yet. It is resolved once, for all partitions, and stored before
 * the first record is read; from then on only the stored offsets count. Partitions that are added to the topic later start at
 * their first record, regardless of this setting. The default is {@link #earliest()}. More kinds may be added.
 */
public sealed interface StartPosition {
    /** The first record that Kafka still holds. */
    static StartPosition earliest() {
        return new Earliest();
    }

    /**
     * The log's end at the moment of the first start: nothing produced after that moment is missed. A named topic that does not exist
     * then is read from its first record, whatever its timestamps are and whether a run is there when it is created or not: if Kafka
     * has said for 10 s that it does not exist. In one that is created sooner, which a broker may not know of yet, the first record with
     * a timestamp after the group first found it missing.
     */
    static StartPosition latest() {
        return new Latest();
    }

    /**
     * The first record with a timestamp not before this instant; the log's end if there is none. The precision is milliseconds, and any
     * time before 1970 means {@link #earliest()}. An instant that does not fit in 64 bits of milliseconds is refused (TM-103).
     */
    static StartPosition at(Instant instant) {
        return new At(instant);
    }

    /**
     * As {@link #at(Instant)}, this long before the first start, by the clock of the process that binds; in a named topic that did not
     * exist then, as {@link #latest()}, or earlier. A duration that is negative, or does not fit in 64 bits of milliseconds, is refused
     * (TM-103).
     */
    static StartPosition ago(Duration duration) {
        return new Ago(duration);
    }

    /** The group's offsets in Kafka; a partition without a committed offset is refused with TM-309. */
    static StartPosition committed() {
        return new Committed(refuse());
    }

    /** The group's offsets in Kafka, and another position for partitions without a committed offset. */
    static StartPosition committedOrElse(StartPosition otherwise) {
        return new Committed(otherwise);
    }

    /** Nowhere: a group without stored offsets is an error (TM-309). For jobs that must never start from scratch by accident. */
    static StartPosition refuse() {
        return new Refuse();
    }

    /** See {@link StartPosition#earliest()}. */
    record Earliest() implements StartPosition {}

    /** See {@link StartPosition#latest()}. */
    record Latest() implements StartPosition {}

    /** See {@link StartPosition#at(Instant)}. */
    record At(Instant instant) implements StartPosition {
        /** Refuses what is out of range with TM-103. */
        public At {
            Instant unused = Times.instant("StartPosition.at", instant);
        }
    }

    /** See {@link StartPosition#ago(Duration)}. */
    record Ago(Duration duration) implements StartPosition {
        /** Refuses what is negative or out of range with TM-103. */
        public Ago {
            if (requireGiven("StartPosition.ago", duration).isNegative()) {
                throw new InvalidConfigurationException(
                        ErrorCode.INVALID_SETTING,
                        "StartPosition.ago(" + duration + ") is in the future: use a positive duration",
                        null);
            }
            Duration unused = Times.duration("StartPosition.ago", duration);
        }
    }

    /** See {@link StartPosition#committed()}. */
    record Committed(StartPosition otherwise) implements StartPosition {
        /** Refuses null (TM-103). */
        public Committed {
            var unused = requireGiven("StartPosition.committedOrElse", otherwise);
        }
    }

    /** See {@link StartPosition#refuse()}. */
    record Refuse() implements StartPosition {}
}
