package dev.tidemark.proof;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The checker knows nothing of what it checks. */
class ProofArchitectureTest {
    private final JavaClasses main = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("/test/"))
            .importPackages("dev.tidemark.proof");

    @Test
    void nothingOfTheLibraryIsUsed() {
        noClasses()
                .should()
                .dependOnClassesThat(
                        resideInAPackage("dev.tidemark..").and(not(resideInAPackage("dev.tidemark.proof.."))))
                .check(main);
    }

    @Test
    void checksArePure() {
        noClasses()
                .that()
                .resideInAPackage("dev.tidemark.proof.check")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.sql..", "java.io..", "java.nio..", "org.apache..", "dev.tidemark.proof.read")
                .check(main);
    }

    @Test
    void packagesHaveNoCircles() {
        slices().matching("dev.tidemark.proof.(**)").should().beFreeOfCycles().check(main);
    }
}
