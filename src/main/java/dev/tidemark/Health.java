package dev.tidemark;

import java.util.List;

/**
 * The health of a consumer, for probes.
 *
 * @param live false if only a restart of the process helps: the run has failed, the poll thread is stuck, a handler has not returned
 *     although twice its deadline has passed and the database replies, a deserializer, policy or listener has not returned for as
 *     long, a thread has died, or no connection to the database gets a reply, not even new ones. A database that refuses connections,
 *     or an unreachable broker, leaves it true, because a restart would not help. True before the run and after it, unless it failed.
 * @param ready whether everything that Kafka assigns to this consumer is claimed and can make progress. False before the first
 *     claims, while a partition is being claimed again, has halted, or is in a unit past its deadline, while the database is silent on
 *     a connection, a topic is missing or a thread is stuck, and outside the run. A member of the group to which nothing is
 *     assigned is ready.
 * @param problems what is wrong, one sentence each, without any record's content; empty while there is no problem. Transient
 *     problems, such as a retry, are listed here and change neither flag
 */
public record Health(boolean live, boolean ready, List<String> problems) {
    /** Copies the list. */
    public Health {
        problems = List.copyOf(problems);
    }
}
