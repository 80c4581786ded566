package dev.tidemark.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Which of a group's partitions a command is about. */
final class ScopeOptions {
    @Option(
            names = "--topic",
            paramLabel = "TOPIC[:P,P]",
            description = "This topic, or these partitions of it. May be repeated.")
    private List<String> topics = new ArrayList<>();

    @Option(names = "--all-topics", description = "All topics of the group.")
    private boolean all;

    boolean isGiven() {
        return all || !topics.isEmpty();
    }

    /** What was said; nothing is refused (TM-103), as Kafka's tool does. */
    Scope scope() {
        if (!isGiven()) {
            throw CommandException.wrongInput("say of which topics: --topic TOPIC[:P,P], or --all-topics");
        }
        return scopeOrAll();
    }

    /** What was said; nothing means all. */
    Scope scopeOrAll() {
        if (all && !topics.isEmpty()) {
            throw CommandException.wrongInput("--topic and --all-topics exclude each other: leave one out");
        }
        return Scope.of(topics);
    }
}
