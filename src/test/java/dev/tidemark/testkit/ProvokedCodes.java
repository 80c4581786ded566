package dev.tidemark.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordedThreadGroup;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/**
 * Notes the codes of all errors that are made on a test's threads, caught or not, and of those that other processes print or
 * write into the database for the test to read. Tests run side by side: each of these has a thread group of its own, which
 * the threads that it starts inherit.
 */
public final class ProvokedCodes implements InvocationInterceptor {
    private static final String THROWN = "jdk.JavaExceptionThrow";
    private static final Pattern CODE = Pattern.compile("TM-\\d{3}");

    /** The threads of one test, and the codes that they met. */
    private static final class TestThreads extends ThreadGroup {
        private final Set<String> codes = ConcurrentHashMap.newKeySet();

        TestThreads() {
            super(Servers.unique("provokes"));
        }

        void note(String text) {
            CODE.matcher(text).results().map(MatchResult::group).forEach(codes::add);
        }
    }

    /** What a test has read from elsewhere, on one of its threads. */
    public static void note(String text) {
        for (ThreadGroup group = Thread.currentThread().getThreadGroup(); group != null; group = group.getParent()) {
            if (group instanceof TestThreads test) {
                test.note(text);
            }
        }
    }

    @Override
    public void interceptTestMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> test, ExtensionContext context)
            throws Throwable {
        intercept(invocation, test.getExecutable());
    }

    @Override
    public void interceptTestTemplateMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> test, ExtensionContext context)
            throws Throwable {
        intercept(invocation, test.getExecutable());
    }

    private static void intercept(Invocation<Void> invocation, Method test) throws Throwable {
        TestThreads threads = new TestThreads();
        try (Recording recording = new Recording()) {
            recording.enable(THROWN).withoutStackTrace();
            recording.start();
            run(threads, invocation);
            recording.stop();
            noteThrown(recording, threads);
        }
        assertThat(threads.codes)
                .as("codes of the errors that came")
                .containsAll(Arrays.stream(test.getAnnotation(Provokes.class).value())
                        .map(Object::toString)
                        .toList());
    }

    private static void run(ThreadGroup group, Invocation<Void> invocation) throws Throwable {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = new Thread(
                group,
                () -> {
                    try {
                        done.complete(invocation.proceed());
                    } catch (Throwable e) {
                        done.completeExceptionally(e);
                    }
                },
                group.getName());
        thread.start();
        try {
            done.join();
        } catch (CompletionException e) {
            throw e.getCause();
        }
    }

    private static void noteThrown(Recording recording, TestThreads threads) throws IOException {
        Path file = Files.createTempFile("thrown", ".jfr");
        try {
            recording.dump(file);
            for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
                if (isOf(threads, event.getThread())
                        && event.hasField("message")
                        && event.getString("message") != null) {
                    threads.note(event.getString("message"));
                }
            }
        } finally {
            Files.delete(file);
        }
    }

    private static boolean isOf(TestThreads threads, RecordedThread thread) {
        RecordedThreadGroup group = thread == null ? null : thread.getThreadGroup();
        while (group != null && !threads.getName().equals(group.getName())) {
            group = group.getParent();
        }
        return group != null;
    }
}
