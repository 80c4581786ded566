package dev.tidemark;

import java.util.List;

/**
 * Whether a consumer works, for those who start and stop processes.
 *
 * @param live false where only a new process helps: the run has failed, the poll thread is stuck, or a handler does not return
 *     though its deadline passed twice and the database answers, or a deserializer, policy or listener does not for as long, a
 *     thread has died, or no connection to the database gets a reply, new ones neither. A database that refuses connections, or
 *     a broker that is away, leaves it true, because a restart brings neither back. True before the run and after it, unless it
 *     failed.
 * @param ready whether everything that Kafka assigns to this consumer is claimed and can make progress. False before the first
 *     claims, while a partition is claimed again, has halted, or is in a unit over its deadline, while the database is silent on
 *     a connection, a topic is missing or a thread is stuck, and outside of the run. A member of the group to which nothing is
 *     assigned is ready.
 * @param problems what is wrong, one sentence each, without any record's content; empty while all is well. What passes by
 *     itself, such as a retry, is named here and changes neither of the two
 */
public record Health(boolean live, boolean ready, List<String> problems) {
    /** Copies the list. */
    public Health {
        problems = List.copyOf(problems);
    }
}
