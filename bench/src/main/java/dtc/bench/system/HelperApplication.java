package dtc.bench.system;

import io.quarkus.bootstrap.BootstrapException;
import io.quarkus.bootstrap.app.AugmentResult;
import io.quarkus.bootstrap.app.CuratedApplication;
import io.quarkus.bootstrap.app.QuarkusBootstrap;
import io.quarkus.bootstrap.model.ApplicationModel;
import io.quarkus.bootstrap.resolver.AppModelResolverException;
import io.quarkus.bootstrap.resolver.BootstrapAppModelResolver;
import io.quarkus.bootstrap.resolver.maven.MavenArtifactResolver;
import io.quarkus.bootstrap.workspace.ArtifactSources;
import io.quarkus.bootstrap.workspace.SourceDir;
import io.quarkus.bootstrap.workspace.WorkspaceModule;
import io.quarkus.bootstrap.workspace.WorkspaceModuleId;
import io.quarkus.maven.dependency.Dependency;
import java.nio.file.Path;
import java.util.List;

/** Packages the application of {@link dtc.bench.helper}. */
public final class HelperApplication {

    private final Path jar;

    private HelperApplication(Path jar) {
        this.jar = jar;
    }

    /** Packages the classes, with the version of Quarkus that DTC has, under {@code target}. */
    public static HelperApplication build(ClassFiles classes, Path target, String quarkusVersion) {
        Path root = classes.copy("dtc/bench/helper", target.resolve("classes"));
        try {
            MavenArtifactResolver maven =
                    MavenArtifactResolver.builder().setWorkspaceDiscovery(false).build();
            ApplicationModel model = new BootstrapAppModelResolver(maven)
                    .resolveModel(WorkspaceModule.builder()
                            .setModuleId(WorkspaceModuleId.of("dev.dtc", "bench-helper", "1"))
                            .setModuleDir(target)
                            .setBuildDir(target)
                            .addDependencyConstraint(
                                    Dependency.pomImport("io.quarkus.platform", "quarkus-bom", quarkusVersion))
                            .addDependency(Dependency.of("io.quarkus", "quarkus-rest-jackson"))
                            .addArtifactSources(
                                    ArtifactSources.main(SourceDir.of(root, root), SourceDir.of(root, root)))
                            .build());
            try (CuratedApplication application = QuarkusBootstrap.builder()
                    .setBaseClassLoader(HelperApplication.class.getClassLoader())
                    .setExistingModel(model)
                    .setApplicationRoot(root)
                    .setTargetDirectory(target)
                    .setBaseName("helper")
                    .setMode(QuarkusBootstrap.Mode.PROD)
                    .setIsolateDeployment(true)
                    .build()
                    .bootstrap()) {
                AugmentResult result = application.createAugmentor().createProductionApplication();
                return new HelperApplication(result.getJar().getPath());
            }
        } catch (BootstrapException | AppModelResolverException broken) {
            throw new IllegalStateException("cannot package the helper application", broken);
        }
    }

    /** With as many event loops as DTC has by default: half as many as processors. */
    List<String> arguments(int port) {
        return List.of(
                "-Dquarkus.http.host=127.0.0.1",
                "-Dquarkus.http.port=" + port,
                "-Dquarkus.vertx.event-loops-pool-size="
                        + Math.max(1, Runtime.getRuntime().availableProcessors() / 2),
                "-jar",
                jar.toString());
    }
}
