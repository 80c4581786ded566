package dev.tidemark.internal.store.failure;

import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.postgresql.util.GT;
import org.postgresql.util.PSQLException;

/** What only the words of the driver's own exceptions tell apart. They are in the machine's language, and so are compared in it. Pure. */
final class DriverWords {
    private static final String MARK = "\0";

    private static final String LARGER_THAN_BUFFER =
            "Result set exceeded maxResultBuffer limit. Received:  {0}; Current limit: {1}";

    private DriverWords() {}

    /** Whether the driver says this, with any values in place of the braces. */
    static boolean says(PSQLException driver, String words) {
        String pattern = Stream.of(String.valueOf(GT.tr(words, MARK, MARK)).split(MARK, -1))
                .map(Pattern::quote)
                .collect(Collectors.joining(".*"));
        return Pattern.compile(pattern, Pattern.DOTALL)
                .matcher(String.valueOf(driver.getMessage()))
                .matches();
    }

    /** Whether the driver closed the connection since a result did not fit {@code maxResultBuffer}. */
    static boolean isBufferExceeded(Throwable failure) {
        return bufferExceeded(failure).isPresent();
    }

    /** What the driver says of a result that did not fit {@code maxResultBuffer}, with both sizes in bytes; empty if none did. */
    static Optional<String> bufferExceeded(Throwable failure) {
        return FailureChain.of(failure).stream()
                .filter(t -> t instanceof PSQLException driver
                        && driver.getServerErrorMessage() == null
                        && says(driver, LARGER_THAN_BUFFER))
                .map(Throwable::getMessage)
                .findFirst();
    }
}
