"""The page's words in the reader's language: English as written in the templates, and Portuguese. Pure."""

from __future__ import annotations

from collections.abc import Callable

LANGUAGES = ("en", "pt-BR")

_PORTUGUESE = {
    "About": "Sobre",
    "Alert": "Alerta",
    "Alerts": "Alertas",
    "Attempts": "Tentativas",
    "Begun": "Começou há",
    "Broker": "Broker",
    "Crashes": "Quedas",
    "Done": "Feitos",
    "Empty in": "Vazia em",
    "Failed": "Falhas",
    "File": "Arquivo",
    "Files": "Arquivos",
    "For": "Para",
    "Heard of": "Última notícia há",
    "Job": "Trabalho",
    "Jobs": "Trabalhos",
    "Log in": "Entrar",
    "Log out": "Sair",
    "Memory": "Memória",
    "Newest jobs": "Trabalhos mais recentes",
    "No job matches.": "Nenhum trabalho corresponde.",
    "No worker has been heard of.": "Nenhum worker deu notícia.",
    "Not found": "Não encontrado",
    "Not seen yet.": "Ainda não vistas.",
    "Older ones": "Mais antigos",
    "Open jobs": "Trabalhos abertos",
    "Overview": "Visão geral",
    "Pages": "Páginas",
    "Password": "Senha",
    "Progress": "Progresso",
    "Queue": "Fila",
    "Queues": "Filas",
    "Reason": "Motivo",
    "Search": "Buscar",
    "Service": "Serviço",
    "Severity": "Gravidade",
    "Since": "Há",
    "Site": "Site",
    "Size": "Tamanho",
    "Skip to the content": "Ir para o conteúdo",
    "State": "Estado",
    "Step": "Etapa",
    "Steps": "Etapas",
    "Steps in the last hour": "Etapas na última hora",
    "Steps that went well": "Etapas que deram certo",
    "That is not the password.": "A senha não é essa.",
    "The fleet of": "A frota de",
    "The password lies on the server, where root reads it:": "A senha está no servidor, onde o root a lê:",
    "Timeline": "Linha do tempo",
    "Too many tries; wait a minute.": "Tentativas demais; espere um minuto.",
    "Waiting": "Esperando",
    "What": "O quê",
    "What it told while it was worked on:": "O que disse enquanto se trabalhava nele:",
    "Worker": "Worker",
    "Workers": "Workers",
    "Workers that can work": "Workers prontos para trabalhar",
    "any": "qualquer",
    "attempt": "tentativa",
    "cancelled": "cancelado",
    "connected": "conectado",
    "crashed": "caiu",
    "done": "feito",
    "error": "erro",
    "failed": "falhou",
    "high": "alta",
    "idle": "livre",
    "lost": "perdido",
    "low": "baixa",
    "medium": "média",
    "not for long enough yet": "ainda não há tempo bastante",
    "nothing moves": "nada anda",
    "open": "aberto",
    "partly": "em parte",
    "processing": "trabalhando",
    "restarting": "reiniciando",
    "retried": "repetida",
    "running": "em execução",
    "silenced": "silenciado",
    "silent": "sem sinal",
    "source": "origem",
    "starting": "iniciando",
    "succeeded": "concluído",
    "systemd is not watched here: crashes and memory are not known.": (
        "O systemd não é observado aqui: quedas e memória não são conhecidas."
    ),
    "waiting": "esperando",
    "waits": "espera",
    "works": "trabalha",
}


def language_of(accepted: str) -> str:
    """The language for an Accept-Language header: the first that is known, in the order in which they stand."""
    for wanted in accepted.split(","):
        name = wanted.partition(";")[0].strip().lower()
        if name.startswith("pt"):
            return "pt-BR"
        if name.startswith("en"):
            return "en"
    return "en"


def translator(language: str) -> Callable[[str], str]:
    """What says a word in that language."""
    return (lambda text: _PORTUGUESE.get(text, text)) if language == "pt-BR" else str
