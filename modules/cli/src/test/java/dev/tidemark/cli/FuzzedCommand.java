package dev.tidemark.cli;

import dev.tidemark.cli.option.EnvironmentDefaults;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * A command with arguments of all kinds, made from what the command line itself declares, so that an option that comes later is tried
 * without a change here.
 *
 * @param environment in addition to the variables that name the servers
 */
record FuzzedCommand(List<String> arguments, Map<String, String> environment) {
    /** What good values are. */
    record World(String group, String topic, String jdbcUrl, FuzzFiles files) {}

    private static final List<CommandLine> COMMANDS = leaves(TidemarkCli.commandLine());

    private static List<CommandLine> leaves(CommandLine parent) {
        List<CommandLine> leaves = new ArrayList<>();
        for (CommandLine child : parent.getSubcommands().values()) {
            leaves.addAll(child.getSubcommands().isEmpty() ? List.of(child) : leaves(child));
        }
        return leaves;
    }

    static FuzzedCommand any(World world, Random random) {
        CommandLine command = FuzzedWords.of(COMMANDS, random);
        // Half of them come further than to the first wrong value.
        int care = random.nextBoolean() ? 5 : 9;
        String name = command.getCommandSpec().qualifiedName().replaceFirst("^tidemark ", "");
        List<List<String>> parts = new ArrayList<>();
        for (OptionSpec option : command.getCommandSpec().options()) {
            // It shows stacks, as it is documented.
            boolean wanted =
                    random.nextInt(100) < (option.required() ? 80 + 2 * care : isUsual(option) ? 50 : 14 - care);
            if (wanted && !option.longestName().equals("--debug")) {
                parts.add(written(option, world, care, random));
            }
        }
        for (PositionalParamSpec parameter : command.getCommandSpec().positionalParameters()) {
            if (random.nextInt(10) < care) {
                parts.add(List.of(value(parameter, name, world, care, random)));
            }
        }
        if (random.nextInt(25) == 0) {
            parts.add(FuzzedWords.unknown(random));
        }
        if (random.nextInt(50) == 0) {
            parts.add(List.of("@" + world.files().any("properties", random)));
        }
        if (random.nextInt(4) == 0) {
            Collections.shuffle(parts, random);
        }
        List<String> arguments = new ArrayList<>(Arrays.asList(name.split(" ", -1)));
        parts.forEach(arguments::addAll);
        Map<String, String> environment = new HashMap<>();
        if (name.equals("run")) {
            // It would wait, as it is documented.
            arguments.addAll(1, List.of("--until-end", "--wait-at-most", "2s"));
            for (OptionSpec option : command.getCommandSpec().options()) {
                if (random.nextInt(30) == 0 && option.longestName().startsWith("--")) {
                    String value = option.arity().max() == 0
                            ? FuzzedWords.name(random)
                            : value(option, name, world, care, random);
                    environment.put(EnvironmentDefaults.variable(option.longestName()), value.replace("\0", ""));
                }
            }
            environment.keySet().removeAll(List.of("TIDEMARK_UNTIL_END", "TIDEMARK_WAIT_AT_MOST", "TIDEMARK_DEBUG"));
        }
        return new FuzzedCommand(arguments, environment);
    }

    /** Without those, a command would rarely come further than to say so. */
    private static boolean isUsual(OptionSpec option) {
        return List.of("--all-topics", "--execute", "--to-current", "--file").contains(option.longestName());
    }

    private static List<String> written(OptionSpec option, World world, int care, Random random) {
        String name = FuzzedWords.of(List.of(option.names()), random);
        if (option.arity().max() == 0) {
            return List.of(random.nextInt(20) == 0 ? name + "=" + FuzzedWords.name(random) : name);
        }
        String value = value(option, option.command().name(), world, care, random);
        return switch (random.nextInt(20)) {
            case 0 -> List.of(name);
            case 1, 2, 3, 4 -> List.of(name + "=" + value);
            default -> List.of(name, value);
        };
    }

    private static String value(ArgSpec argument, String command, World world, int care, Random random) {
        String label = argument.paramLabel();
        String name = argument instanceof OptionSpec option ? option.longestName() : label;
        Class<?> type = argument.typeInfo().isMultiValue() ? argument.auxiliaryTypes()[0] : argument.type();
        boolean good = random.nextInt(10) < care;
        return switch (name) {
            case "--jdbc-url" -> FuzzedWords.url(world.jdbcUrl(), random);
            case "--schema" -> FuzzedWords.schema(random);
            case "--bootstrap-servers", "--bootstrap-server" -> FuzzedWords.servers(random);
            case "--kafka-config", "--command-config" -> world.files().any("properties", random);
            case "--file" ->
                command.equals("export")
                        ? world.files().written(random)
                        : world.files().any("csv", random);
            case "--from-file" -> world.files().any("csv", random);
            case "--with-sql" -> world.files().any("sql", random);
            case "JOB.sql" -> good ? world.files().good("sql") : world.files().any("sql", random);
            case "--group", "GROUP" -> good ? world.group() : FuzzedWords.name(random);
            case "--topic" ->
                good
                        ? world.topic()
                        : FuzzedWords.of(
                                List.of(
                                        world.topic() + ":0",
                                        world.topic() + ":0,1",
                                        world.topic() + ":7",
                                        world.topic() + ":",
                                        world.topic() + "," + world.topic(),
                                        FuzzedWords.name(random)),
                                random);
            case "--topic-pattern" ->
                FuzzedWords.of(
                        List.of(
                                world.topic() + ".*",
                                "[",
                                "(a+)+$",
                                "",
                                FuzzedWords.name(random).replace("*", "").replace(".", "")),
                        random);
            case "--on-failure" ->
                FuzzedWords.of(
                        List.of(
                                "park",
                                "PARK",
                                "park-key",
                                "skip",
                                "halt",
                                "retry=1,skip",
                                "retry=0,park",
                                "retry=,park",
                                "retry=1",
                                FuzzedWords.name(random)),
                        random);
            case "--on-gap" ->
                FuzzedWords.of(List.of("halt", "earliest", "Earliest", FuzzedWords.name(random)), random);
            case "--start" ->
                FuzzedWords.of(List.of("earliest", "latest", "committed", FuzzedWords.time(random)), random);
            case "--to-datetime", "--by-duration", "--since", "--wait-at-most" -> FuzzedWords.time(random);
            case "--workers" -> good ? "2" : FuzzedWords.number(random);
            case "ID" -> FuzzedWords.number(random);
            case "--error-code" -> good ? "TM-502" : FuzzedWords.name(random);
            case "--http-host" ->
                good ? "127.0.0.1" : FuzzedWords.of(List.of("localhost", "256.1.1.1", " ", "::1", "a b"), random);
            case "--http-port" -> good ? "0" : FuzzedWords.number(random);
            default -> ofType(type, random);
        };
    }

    private static String ofType(Class<?> type, Random random) {
        if (type.isEnum() && random.nextInt(4) > 0) {
            String constant =
                    FuzzedWords.of(List.of(type.getEnumConstants()), random).toString();
            return random.nextBoolean() ? constant : constant.toLowerCase(Locale.ROOT);
        }
        boolean number = Number.class.isAssignableFrom(type) || type == int.class || type == long.class;
        return number && random.nextInt(6) > 0 ? FuzzedWords.number(random) : FuzzedWords.name(random);
    }

    /** Readable, whatever is in it. */
    @Override
    public String toString() {
        String words = environment + " " + arguments;
        return words.length() > 2_000 ? words.substring(0, 2_000) + "..." : words;
    }
}
