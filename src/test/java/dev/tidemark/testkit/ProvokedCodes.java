package dev.tidemark.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import jdk.jfr.Event;
import jdk.jfr.Name;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordedThreadGroup;
import jdk.jfr.consumer.RecordingStream;
import org.jspecify.annotations.Nullable;
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

    private static final Map<String, TestThreads> RUNNING = new ConcurrentHashMap<>();

    /** Begun with the first test that needs it: its thread would keep other programs that use the test kit from ending. */
    private static final class Recording {
        // One for all tests, never stopped: whenever a recording starts or stops, events are switched off for a moment.
        private static final RecordingStream STREAM = listen();

        static void begin() {
            Objects.requireNonNull(STREAM);
        }
    }

    /** Comes after everything that was thrown before it. */
    @Name("dev.tidemark.testkit.TestEnded")
    static final class TestEnded extends Event {
        // Read by the recorder.
        @SuppressWarnings("UnusedVariable")
        private String test = "";
    }

    /** The threads of one test, and the codes that they met. */
    private static final class TestThreads extends ThreadGroup {
        private final Set<String> codes = ConcurrentHashMap.newKeySet();
        private final CompletableFuture<Void> heardAll = new CompletableFuture<>();

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
        Recording.begin();
        TestThreads threads = new TestThreads();
        RUNNING.put(threads.getName(), threads);
        try {
            run(threads, invocation);
            TestEnded end = new TestEnded();
            end.test = threads.getName();
            end.commit();
            threads.heardAll.get(3, TimeUnit.MINUTES);
        } finally {
            RUNNING.remove(threads.getName());
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

    private static RecordingStream listen() {
        RecordingStream stream = new RecordingStream();
        stream.enable(THROWN).withoutStackTrace();
        stream.enable(TestEnded.class).withoutStackTrace();
        stream.onEvent(THROWN, event -> {
            TestThreads threads = testOf(event.getThread());
            if (threads != null && event.hasField("message") && event.getString("message") != null) {
                threads.note(event.getString("message"));
            }
        });
        stream.onEvent("dev.tidemark.testkit.TestEnded", event -> {
            TestThreads threads = RUNNING.get(event.getString("test"));
            if (threads != null) {
                threads.heardAll.complete(null);
            }
        });
        stream.startAsync();
        return stream;
    }

    private static @Nullable TestThreads testOf(@Nullable RecordedThread thread) {
        RecordedThreadGroup group = thread == null ? null : thread.getThreadGroup();
        while (group != null) {
            TestThreads threads = group.getName() == null ? null : RUNNING.get(group.getName());
            if (threads != null) {
                return threads;
            }
            group = group.getParent();
        }
        return null;
    }
}
