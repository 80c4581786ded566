package dev.tidemark.cli.option;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Values of options that were not given, from environment variables: those that name the servers for every command, and for
 * {@code run}, which containers start, each option and the job. {@code --until-end} is {@code TIDEMARK_UNTIL_END}. Pure.
 */
public final class EnvironmentDefaults implements IDefaultValueProvider {
    private static final String RUN = "run";

    /** The options that each command takes from the environment, by their first names. */
    private static final Set<String> SERVERS =
            Set.of("--jdbc-url", "--schema", "--bootstrap-servers", "--kafka-config");

    /** As people, Kubernetes and Compose write them. */
    private static final Map<String, String> FLAGS =
            Map.of("yes", "true", "on", "true", "1", "true", "no", "false", "off", "false", "0", "false");

    private final Map<String, String> environment;

    /** From these variables. An empty one is as good as none. */
    public EnvironmentDefaults(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    /** The variable of an option, by its first name. */
    public static String variable(String option) {
        return "TIDEMARK_" + option.replaceFirst("^--", "").replace('-', '_').toUpperCase(Locale.ROOT);
    }

    @Override
    public @Nullable String defaultValue(ArgSpec argument) {
        if (argument instanceof OptionSpec option && (option.usageHelp() || option.versionHelp())) {
            return null;
        }
        boolean run = argument.command() != null && argument.command().name().equals(RUN);
        String name = argument instanceof OptionSpec option ? first(option) : "--job";
        String value = run || SERVERS.contains(name) ? environment.get(variable(name)) : null;
        if (value == null || value.isBlank()) {
            return null;
        }
        return isFlag(argument)
                ? FLAGS.getOrDefault(value.strip().toLowerCase(Locale.ROOT), value.strip())
                : value.strip();
    }

    /**
     * Where a value came from that was refused: the variable, with what it may be if it stands for a flag; empty if the arguments hold
     * the value.
     */
    public Optional<String> origin(ArgSpec argument, List<String> arguments) {
        if (!(argument instanceof OptionSpec option) || defaultValue(argument) == null) {
            return Optional.empty();
        }
        for (String name : option.names()) {
            if (arguments.stream().anyMatch(typed -> typed.equals(name) || typed.startsWith(name + "="))) {
                return Optional.empty();
            }
        }
        return Optional.of(variable(first(option)) + (isFlag(argument) ? ", which may be true or false" : ""));
    }

    private static boolean isFlag(ArgSpec argument) {
        return argument.arity().max() == 0;
    }

    private static String first(OptionSpec option) {
        for (String name : option.names()) {
            if (name.startsWith("--")) {
                return name;
            }
        }
        return option.names()[0];
    }
}
