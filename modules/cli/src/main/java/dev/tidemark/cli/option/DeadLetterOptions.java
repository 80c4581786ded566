package dev.tidemark.cli.option;

import dev.tidemark.admin.DeadLetterQuery;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Selects dead letters of a group. */
public final class DeadLetterOptions {
    @Mixin
    private GroupOptions group = new GroupOptions();

    @Option(
            names = "--topic",
            paramLabel = "TOPIC",
            converter = TopicChoice.Name.class,
            description = "Only those of this topic.")
    private @Nullable String topic;

    @Option(
            names = "--error-code",
            paramLabel = "CODE",
            converter = Codes.class,
            description = "Only those parked for this, such as TM-502.")
    private @Nullable String errorCode;

    /** The group. */
    public String group() {
        return group.beforeIds();
    }

    /** For a command that takes no ids: an argument beside {@code --group} is refused (TM-103). */
    public void refuseIds() {
        String unused = group.get();
    }

    /** The ids, with the first of them if it was parsed as the group. */
    public List<Long> ids(List<String> others) {
        return group.ids(others);
    }

    /** Whether the caller named a topic or an error. */
    public boolean isNarrowed() {
        return topic != null || errorCode != null;
    }

    /** What the group lacks if nothing is selected. */
    public String missing() {
        List<String> filters = new ArrayList<>();
        if (topic != null) {
            filters.add("--topic " + topic);
        }
        if (errorCode != null) {
            filters.add("--error-code " + errorCode);
        }
        return "group " + group() + " has no dead letter" + (filters.isEmpty() ? "" : " for ")
                + String.join(" and ", filters);
    }

    /** The selection as a query. */
    public DeadLetterQuery query() {
        DeadLetterQuery query = DeadLetterQuery.of(group());
        if (topic != null) {
            query = query.withTopic(topic);
        }
        return errorCode == null ? query : query.withErrorCode(errorCode);
    }

    /** Parses an error code, in any case of letters. */
    static final class Codes implements ITypeConverter<String> {
        private static final Pattern CODE = Pattern.compile("TM-\\d{3}");

        @Override
        public String convert(String text) {
            String code = text.strip().toUpperCase(Locale.ROOT);
            if (!CODE.matcher(code).matches()) {
                throw new TypeConversionException("'" + text + "' is not an error code: write it like TM-502");
            }
            return code;
        }
    }
}
