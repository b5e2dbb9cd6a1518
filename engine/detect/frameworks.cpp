#include "engine/detect/frameworks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

/// Those that build on others come before them.
constexpr std::array known_frameworks{
    framework{ecosystem::node, "Next.js", "next", 3000},
    framework{ecosystem::node, "Nuxt", "nuxt", 3000},
    framework{ecosystem::node, "Remix", "@remix-run/serve", 3000},
    framework{ecosystem::node, "React Router", "@react-router/serve", 3000},
    framework{ecosystem::node, "TanStack Start", "@tanstack/react-start", 3000},
    framework{ecosystem::node, "TanStack Start", "@tanstack/solid-start", 3000},
    framework{ecosystem::node, "SvelteKit", "@sveltejs/kit", 3000},
    framework{ecosystem::node, "Astro", "astro", 4321},
    framework{ecosystem::node, "Gatsby", "gatsby", 9000},
    framework{ecosystem::node, "NestJS", "@nestjs/core", 3000},
    framework{ecosystem::node, "Strapi", "@strapi/strapi", 1337},
    framework{ecosystem::node, "AdonisJS", "@adonisjs/core", 3333},
    framework{ecosystem::node, "Angular", "@angular/core", 4200},
    framework{ecosystem::node, "Docusaurus", "@docusaurus/core", 3000},
    framework{ecosystem::node, "VitePress", "vitepress", 0},
    framework{ecosystem::node, "Eleventy", "@11ty/eleventy", 0},
    framework{ecosystem::node, "Fastify", "fastify", 3000},
    framework{ecosystem::node, "Hono", "hono", 3000},
    framework{ecosystem::node, "Elysia", "elysia", 3000},
    framework{ecosystem::node, "Koa", "koa", 3000},
    framework{ecosystem::node, "hapi", "@hapi/hapi", 3000},
    framework{ecosystem::node, "Express", "express", 3000},
    framework{ecosystem::node, "Create React App", "react-scripts", 0},
    framework{ecosystem::node, "Vite", "vite", 0},
    framework{ecosystem::python, "Django", "django", 8000},
    framework{ecosystem::python, "FastAPI", "fastapi", 8000},
    framework{ecosystem::python, "Streamlit", "streamlit", 8501},
    framework{ecosystem::python, "Flask", "flask", 5000},
    framework{ecosystem::python, "Starlette", "starlette", 8000},
    framework{ecosystem::python, "Litestar", "litestar", 8000},
    framework{ecosystem::python, "Sanic", "sanic", 8000},
    framework{ecosystem::python, "aiohttp", "aiohttp", 8080},
    framework{ecosystem::python, "Tornado", "tornado", 8888},
    framework{ecosystem::python, "Bottle", "bottle", 8080},
    framework{ecosystem::ruby, "Rails", "rails", 3000},
    framework{ecosystem::ruby, "Hanami", "hanami", 2300},
    framework{ecosystem::ruby, "Sinatra", "sinatra", 4567},
    framework{ecosystem::ruby, "Rack", "rack", 9292},
    framework{ecosystem::php, "Laravel", "laravel/framework", 8000},
    framework{ecosystem::php, "Symfony", "symfony/framework-bundle", 8000},
    framework{ecosystem::php, "Symfony", "symfony/http-kernel", 8000},
    framework{ecosystem::php, "Slim", "slim/slim", 8000},
    framework{ecosystem::php, "CodeIgniter", "codeigniter4/framework", 8000},
    framework{ecosystem::php, "CakePHP", "cakephp/cakephp", 8000},
    framework{ecosystem::jvm, "Spring Boot", "org.springframework.boot*", 8080},
    framework{ecosystem::jvm, "Quarkus", "io.quarkus*", 8080},
    framework{ecosystem::jvm, "Micronaut", "io.micronaut*", 8080},
    framework{ecosystem::jvm, "Ktor", "io.ktor:ktor-server*", 8080},
    framework{ecosystem::jvm, "Javalin", "io.javalin:javalin", 7070},
    framework{ecosystem::jvm, "Vert.x", "io.vertx*", 8080},
    framework{ecosystem::jvm, "Dropwizard", "io.dropwizard*", 8080},
    framework{ecosystem::rust, "Actix Web", "actix-web", 8080},
    framework{ecosystem::rust, "Axum", "axum", 3000},
    framework{ecosystem::rust, "Rocket", "rocket", 8000},
    framework{ecosystem::rust, "warp", "warp", 3030},
    framework{ecosystem::go, "Gin", "github.com/gin-gonic/gin", 8080},
    framework{ecosystem::go, "Echo", "github.com/labstack/echo*", 1323},
    framework{ecosystem::go, "Fiber", "github.com/gofiber/fiber*", 3000},
    framework{ecosystem::go, "Chi", "github.com/go-chi/chi*", 0},
    framework{ecosystem::go, "Gorilla Mux", "github.com/gorilla/mux", 0},
    framework{ecosystem::elixir, "Phoenix", "phoenix", 4000},
    framework{ecosystem::elixir, "Plug", "plug_cowboy", 4000},
};

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return name == pattern;
}

}  // namespace

const framework* find_framework(ecosystem of, const std::set<std::string>& dependencies) {
  for (const framework& f : known_frameworks) {
    if (f.of != of) continue;
    if (std::any_of(dependencies.begin(), dependencies.end(),
                    [&](const std::string& d) { return matches(f.dependency, lower(d)); }))
      return &f;
  }
  return nullptr;
}

const framework* use_framework(analysis& work, ecosystem of, const std::set<std::string>& dependencies, std::string_view from) {
  const framework* found = find_framework(of, dependencies);
  if (!found) return nullptr;
  work.out.framework = found->name;
  work.because("framework", found->name, fmt::format("dependency {} in {}", found->dependency, from.empty() ? work.self.manifest : from));
  return found;
}

}  // namespace peelbox::detect
