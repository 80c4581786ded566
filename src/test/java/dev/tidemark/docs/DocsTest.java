package dev.tidemark.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.SqlJobs;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.commons.support.AnnotationSupport;

/** The code in the docs is code that compiles and runs here. */
class DocsTest {
    @ParameterizedTest
    @CsvSource({
        "README.md, docs/ReadmeExamples, embed",
        "docs/own-loop.md, docs/OwnLoop, own-loop",
        "docs/embedding.md, docs/EmbeddingExamples, pattern",
        "docs/embedding.md, docs/EmbeddingExamples, partitions",
        "docs/embedding.md, docs/EmbeddingExamples, until-end",
        "docs/embedding.md, docs/EmbeddingExamples, gap",
        "docs/embedding.md, docs/EmbeddingExamples, mirror",
        "docs/embedding.md, docs/EmbeddingExamples, strict",
        "docs/embedding.md, docs/EmbeddingExamples, store",
        "docs/embedding.md, docs/EmbeddingExamples, silence",
        "docs/embedding.md, recipes/SqlBatchRecipe, one-statement",
        "docs/embedding.md, docs/EmbeddingExamples, copy-rows",
        "docs/embedding.md, docs/EmbeddingExamples, copy",
        "docs/failures.md, docs/PolicyExamples, halt",
        "docs/failures.md, docs/PolicyExamples, retry",
        "docs/failures.md, docs/PolicyExamples, park-key",
        "docs/failures.md, docs/PolicyExamples, skip",
        "docs/failures.md, docs/PolicyExamples, own",
        "docs/failures.md, docs/PolicyExamples, transient",
        "docs/failures.md, docs/PolicyExamples, redrive",
        "docs/failures.md, docs/PolicyExamples, gap",
        "docs/observe.md, docs/ObserveExamples, metrics",
        "docs/observe.md, docs/ObserveExamples, probes",
        "docs/observe.md, docs/ObserveExamples, tracing",
        "docs/observe.md, docs/ObserveExamples, listener",
        "docs/install.md, docs/InstallExamples, migrate",
        "docs/install.md, docs/InstallExamples, own-flyway",
        "docs/install.md, docs/InstallExamples, several",
        "docs/dead-letters.md, docs/DeadLetterExamples, list",
        "docs/dead-letters.md, docs/DeadLetterExamples, drop",
        "docs/admin.md, docs/ResetAndUndo, program",
        "docs/admin.md, docs/AdminExamples, effects",
        "docs/admin.md, docs/AdminExamples, pause",
        "docs/admin.md, docs/AdminExamples, copy",
        "docs/admin.md, docs/AdminExamples, errors",
        "docs/recipes.md, recipes/JdbcTemplateRecipes, jdbc-template",
        "docs/recipes.md, recipes/JdbcTemplateRecipes, jdbc-bean",
        "docs/recipes.md, recipes/JooqRecipe, jooq",
        "docs/recipes.md, recipes/HibernateRecipe, hibernate-factory",
        "docs/recipes.md, recipes/HibernateRecipe, hibernate",
        "docs/recipes.md, recipes/SpringRecipe, spring",
        "docs/recipes.md, recipes/SpringLoop, spring-call",
        "docs/recipes.md, recipes/TenantsRecipe, tenant-pool",
        "docs/recipes.md, recipes/TenantsRecipe, tenant",
        "docs/sql-jobs.md, docs/EmbeddingExamples, sql-job"
    })
    void examplesAreCutFromCompiledCode(String page, String source, String name) throws IOException {
        String code = Files.readString(Path.of("src/test/java/dev/tidemark", source + ".java"));
        String begin = "// docs: " + name + "\n";
        assertThat(code).contains(begin);
        int from = code.indexOf(begin) + begin.length();
        String example = code.substring(from, code.indexOf("// docs: end", from));
        assertThat(squeezed(Files.readString(Path.of(page)))).contains(squeezed(example));
    }

    @ParameterizedTest
    @ValueSource(strings = {"airport_delay.sql", "seats.sql"})
    void sqlJobsAreThoseThatTheTestsRun(String job) throws IOException {
        assertThat(Files.readString(Path.of("docs/sql-jobs.md"))).contains(Files.readString(SqlJobs.file(job)));
    }

    @Test
    void everyErrorCodeHasItsRow() throws IOException {
        String page = Files.readString(Path.of("docs/errors.md"));
        for (ErrorCode code : ErrorCode.values()) {
            assertThat(page).contains("| " + code.code() + " |");
        }
    }

    /** Each of these tests fails if its code does not come. */
    @Test
    void everyErrorCodeIsProvokedByATest() throws Exception {
        Set<ErrorCode> provoked = EnumSet.noneOf(ErrorCode.class);
        Path sources = Path.of("src/test/java");
        try (Stream<Path> files = Files.walk(sources)) {
            for (Path file : files.filter(f -> f.toString().matches(".*(IT|Test)\\.java"))
                    .toList()) {
                String name =
                        sources.relativize(file).toString().replace('/', '.').replaceAll("\\.java$", "");
                for (Method test : Class.forName(name, false, DocsTest.class.getClassLoader())
                        .getDeclaredMethods()) {
                    Provokes provokes = test.getAnnotation(Provokes.class);
                    if (provokes != null && !test.isAnnotationPresent(Disabled.class)) {
                        assertThat(AnnotationSupport.isAnnotated(test, Test.class)
                                        || AnnotationSupport.isAnnotated(test, ParameterizedTest.class))
                                .as("%s is a test", test)
                                .isTrue();
                        provoked.addAll(List.of(provokes.value()));
                    }
                }
            }
        }
        provoked.addAll(provokedByModules());
        assertThat(EnumSet.complementOf(EnumSet.copyOf(provoked)))
                .as("codes that no test provokes")
                .containsExactly(ErrorCode.UNEXPECTED);
    }

    /** Their classes are not on this class path. */
    private static Set<ErrorCode> provokedByModules() throws IOException {
        Pattern annotation = Pattern.compile("@Provokes\\(\\{?([^)]*)\\)\\s+@(Test|ParameterizedTest)\\b");
        Pattern code = Pattern.compile("ErrorCode\\.(\\w+)");
        Set<ErrorCode> provoked = EnumSet.noneOf(ErrorCode.class);
        try (Stream<Path> files = Files.walk(Path.of("modules"))) {
            for (Path file : files.filter(f -> f.toString().matches(".*/src/test/java/.*(IT|Test)\\.java"))
                    .toList()) {
                annotation
                        .matcher(Files.readString(file))
                        .results()
                        .forEach(found -> code.matcher(found.group(1))
                                .results()
                                .forEach(name -> provoked.add(ErrorCode.valueOf(name.group(1)))));
            }
        }
        return provoked;
    }

    private static String squeezed(String text) {
        return text.replaceAll("\\s+", " ").strip();
    }
}
