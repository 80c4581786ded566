package dev.tidemark.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * Notes the codes of all errors that are made in this JVM while a test runs, caught or not, and of those that other processes
 * print or write into the database for the test to read.
 */
public final class ProvokedCodes implements BeforeTestExecutionCallback, AfterTestExecutionCallback {
    private static final Namespace NAMESPACE = Namespace.create(ProvokedCodes.class);
    private static final String THROWN = "jdk.JavaExceptionThrow";
    private static final Pattern CODE = Pattern.compile("TM-\\d{3}");
    private static final Set<String> SEEN = ConcurrentHashMap.newKeySet();

    /** What a test has read from elsewhere. */
    public static void note(String text) {
        CODE.matcher(text).results().map(MatchResult::group).forEach(SEEN::add);
    }

    @Override
    public void beforeTestExecution(ExtensionContext context) {
        SEEN.clear();
        Recording recording = new Recording();
        recording.enable(THROWN).withoutStackTrace();
        recording.start();
        context.getStore(NAMESPACE).put(Recording.class, recording);
    }

    @Override
    public void afterTestExecution(ExtensionContext context) throws IOException {
        try (Recording recording = context.getStore(NAMESPACE).remove(Recording.class, Recording.class)) {
            recording.stop();
            if (context.getExecutionException().isPresent()) {
                return;
            }
            Path file = Files.createTempFile("thrown", ".jfr");
            try {
                recording.dump(file);
                for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
                    if (event.hasField("message") && event.getString("message") != null) {
                        note(event.getString("message"));
                    }
                }
            } finally {
                Files.delete(file);
            }
        }
        assertThat(SEEN)
                .as("codes of the errors that came")
                .containsAll(Arrays.stream(context.getRequiredTestMethod()
                                .getAnnotation(Provokes.class)
                                .value())
                        .map(Object::toString)
                        .toList());
    }
}
