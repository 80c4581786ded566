package dev.tidemark.cli.option;

import dev.tidemark.FailurePolicy;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses a failure policy: {@code park}, or {@code retry=3,park}. Pure. */
public final class FailurePolicies implements ITypeConverter<FailurePolicy> {
    /** Before the first retry; doubles with each. */
    private static final Duration BACKOFF = Duration.ofSeconds(1);

    private static final Pattern GRAMMAR =
            Pattern.compile("(?:retry=([1-9]\\d{0,5})\\s*,\\s*)?(park|park-key|skip|halt)", Pattern.CASE_INSENSITIVE);

    @Override
    public FailurePolicy convert(String text) {
        Matcher m = GRAMMAR.matcher(text.strip());
        if (!m.matches()) {
            throw new TypeConversionException("'" + text
                    + "' is not a failure policy: use park, park-key, skip or halt, optionally with retry=N, in front, N from 1 to"
                    + " 999999, such as retry=3,park");
        }
        FailurePolicy last = switch (m.group(2).toLowerCase(Locale.ROOT)) {
            case "park" -> FailurePolicy.park();
            case "park-key" -> FailurePolicy.parkKey();
            case "skip" -> FailurePolicy.skip();
            default -> FailurePolicy.halt();
        };
        return m.group(1) == null
                ? last
                : FailurePolicy.retry(Integer.parseInt(m.group(1)), BACKOFF).then(last);
    }
}
