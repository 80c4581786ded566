package dev.tidemark.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.PrintWriter;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

/** The command line uses the public API of the library, and its ways to write commands and to mask secrets; docs/architecture.md draws it. */
class CliArchitectureTest {
    private final JavaClasses main = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.tidemark.cli");

    @Test
    void arrowsRunOneWay() {
        noClasses()
                .should()
                .dependOnClassesThat(resideInAPackage("dev.tidemark..")
                        .and(not(resideInAnyPackage(
                                "dev.tidemark",
                                "dev.tidemark.errors",
                                "dev.tidemark.admin",
                                "dev.tidemark.doctor",
                                "dev.tidemark.sql",
                                "dev.tidemark.metrics",
                                "dev.tidemark.internal.command",
                                "dev.tidemark.internal.log",
                                "dev.tidemark.cli.."))))
                .check(main);
    }

    /** Commands are words and printing; what they do is the library's. */
    @Test
    void noSqlStandsHere() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(Statement.class, PreparedStatement.class, ResultSet.class)
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage("org.jdbi..")
                .check(main);
    }

    /** Digits are those of every machine: some locales, such as ar-EG with Unicode's extension, have others. */
    @Test
    void nothingIsFormattedByTheMachinesLocale() {
        noClasses()
                .should()
                .callMethod(String.class, "format", String.class, Object[].class)
                .orShould()
                .callMethod(String.class, "formatted", Object[].class)
                .orShould()
                .callMethod(PrintWriter.class, "printf", String.class, Object[].class)
                .orShould()
                .callMethod(PrintWriter.class, "format", String.class, Object[].class)
                .check(main);
    }
}
