"""The words by which a page tells that it is not the article: tables, and how they are looked up.

Pure. Phrases are of several words where one could stand in an article, and are compared after
``plain``: without case, accents and the differences between Arabic and Persian letters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import StrEnum


class Sign(StrEnum):
    """What a page shows in place of what was asked for."""

    CHALLENGE = "challenge"
    PARKED = "parked"
    MISSING = "missing"
    LOGIN = "login"
    CONSENT = "consent"
    PAYWALL = "paywall"
    # Words that also stand on pages of the same outlet that are free.
    SUBSCRIBE = "subscribe"


_SAME_LETTERS = str.maketrans(
    {"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ı": "i", "ł": "l", "’": "'", "‘": "'", "`": "'"}
    | dict.fromkeys("\u200c\u200b\u00ad\u200e\u200f\u0640")
)


def plain(text: str) -> str:
    """Return ``text`` as phrases and titles are compared."""
    folded = unicodedata.normalize("NFKD", text.translate(_SAME_LETTERS).casefold())
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return " ".join(bare.translate(_SAME_LETTERS).split())


def _table(rows: str) -> tuple[str, ...]:
    """Read rows of a language code, a colon, and phrases divided by bars."""
    lines = (line.partition(":")[2] for line in rows.strip().splitlines())
    phrases = (plain(phrase) for line in lines for phrase in line.split("|"))
    return tuple(phrase for phrase in phrases if phrase)


# Anywhere in the words of a page that are few enough; see the rules in ``pages``.
PHRASES: Mapping[Sign, tuple[str, ...]] = {
    Sign.CHALLENGE: _table("""
        en: checking your browser | verify you are human | verify that you are not a robot
        en: verifying you are human | enable javascript and cookies
        en: enable javascript to run this app | javascript is disabled in your browser
        en: javascript is required to view | please enable javascript | please turn javascript on
        en: performing security verification | unusual traffic from your | complete the captcha
        en: complete the security check | you have been blocked
        en: access to this page has been denied | ddos protection by
        en: your request has been blocked | are you a robot
        ru: проверяем ваш браузер | проверка браузера | подтвердите, что вы не робот
        ru: подтвердите, что вы человек | включите javascript | необходимо включить javascript
        ru: доступ к сайту заблокирован | вы были заблокированы | подозрительный трафик
        ru: введите символы с картинки
        fa: مرورگر شما در حال بررسی | در حال بررسی مرورگر | ثابت کنید که ربات نیستید
        fa: من ربات نیستم | جاوا اسکریپت را فعال کنید | جاوااسکریپت را فعال | دسترسی شما مسدود شده
        fa: انتقال به سایت مورد نظر
        ar: جار التحقق من متصفحك | يتم التحقق من متصفحك | أثبت أنك لست روبوت
        ar: أنا لست برنامج روبوت | تأكد من أنك إنسان | يرجى تفعيل جافا سكريبت | تمكين جافا سكريبت
        ar: تمكين javascript | تفعيل javascript | تم حظر وصولك
        de: ihr browser wird überprüft | wir überprüfen ihren browser
        de: bestätigen sie, dass sie ein mensch | dass sie kein roboter sind
        de: bitte aktivieren sie javascript | javascript aktivieren | ihr zugriff wurde blockiert
        fr: vérification de votre navigateur | vérifions votre navigateur
        fr: confirmez que vous êtes humain | que vous n'êtes pas un robot
        fr: veuillez activer javascript | activez javascript | votre accès a été bloqué
        es: comprobando su navegador | verificando su navegador | comprobando tu navegador
        es: verifica que eres humano | confirme que no es un robot | que no eres un robot
        es: habilite javascript | active javascript | activa javascript
        es: su acceso ha sido bloqueado
        pl: sprawdzamy twoją przeglądarkę | sprawdzanie przeglądarki
        pl: potwierdź, że jesteś człowiekiem | że nie jesteś robotem | włącz javascript
        pl: włącz obsługę javascript | dostęp został zablokowany
        tr: tarayıcınız kontrol ediliyor | tarayıcınızı kontrol ediyoruz
        tr: insan olduğunuzu doğrulayın | robot olmadığınızı doğrulayın
        tr: javascript'i etkinleştirin | javascript'i etkinleştirmeniz | erişiminiz engellendi
        zh: 正在检查您的浏览器 | 正在检查浏览器 | 确认您是真人 | 验证您是否是真人 | 请完成安全验证
        zh: 请启用javascript | 请启用 javascript
        zh: 请开启javascript | 访问被拒绝 | 您的访问被阻断
    """),
    Sign.PARKED: _table("""
        en: domain is for sale | domain may be for sale | domain name is for sale
        en: buy this domain | domain is parked | parked free, courtesy of
        en: this domain has expired | domain name has expired | inquire about this domain
        en: make an offer on this domain
        ru: домен продается | этот домен продаётся | купить этот домен | домен припаркован
        ru: срок регистрации домена истек | домен не оплачен
        fa: این دامنه به فروش می‌رسد | این دامنه برای فروش | دامنه به فروش می رسد | خرید این دامنه
        fa: دامنه منقضی شده
        ar: هذا النطاق معروض للبيع | اسم النطاق معروض للبيع | النطاق للبيع | شراء هذا النطاق
        ar: انتهت صلاحية النطاق
        de: domain steht zum verkauf | domain ist zu verkaufen | domain kaufen
        de: diese domain ist geparkt | domain ist abgelaufen
        fr: ce domaine est à vendre | nom de domaine est à vendre | acheter ce domaine
        fr: domaine a expiré
        es: este dominio está en venta | dominio está a la venta | comprar este dominio
        es: dominio ha caducado
        pl: domena jest na sprzedaż | ta domena jest na sprzedaż | kup tę domenę | domena wygasła
        tr: alan adı satılıktır | bu alan adı satılık | bu domain satılık | alan adını satın al
        tr: alan adının süresi doldu
        zh: 域名正在出售 | 此域名出售 | 该域名可出售 | 购买此域名 | 购买该域名 | 域名已过期
    """),
    Sign.MISSING: _table("""
        en: page not found | page cannot be found | page can't be found | page could not be found
        en: page you are looking for | page you requested | page you were looking for
        en: page does not exist | page doesn't exist | 404 not found | error 404 | 404 error
        en: article is no longer available | article has been removed
        ru: страница не найдена | страницы не существует | ошибка 404 | такой страницы нет
        ru: запрашиваемая страница | материал удален | материал не найден
        fa: صفحه مورد نظر یافت نشد | صفحه یافت نشد | صفحه پیدا نشد | صفحه مورد نظر شما
        fa: صفحه‌ای که به دنبال آن | خطای 404 | خطای ۴۰۴
        ar: الصفحة غير موجودة | الصفحة المطلوبة غير موجودة | لم يتم العثور على الصفحة
        ar: الصفحة التي تبحث عنها | خطأ 404
        de: seite nicht gefunden | seite wurde nicht gefunden | seite existiert nicht
        de: seite konnte nicht gefunden | fehler 404 | artikel ist nicht mehr verfügbar
        fr: page introuvable | page non trouvée | page n'existe pas | page que vous recherchez
        fr: page demandée | erreur 404 | article n'est plus disponible
        es: página no encontrada | no se encontró la página | página no existe | página que busca
        es: página solicitada | error 404 | artículo ya no está disponible
        pl: strona nie została znaleziona | nie znaleziono strony | strona nie istnieje
        pl: strona, której szukasz | błąd 404
        tr: sayfa bulunamadı | aradığınız sayfa | sayfa mevcut değil | hata 404 | 404 hatası
        zh: 页面不存在 | 页面未找到 | 找不到页面 | 您访问的页面 | 您要查看的页面 | 网页不存在
        zh: 文章不存在 | 404错误
    """),
    Sign.LOGIN: _table("""
        en: log in to continue | sign in to continue | please log in | please sign in
        en: you must be logged in | you need to log in | log in to your account
        en: sign in to your account | forgot your password
        ru: войдите, чтобы продолжить | войдите в аккаунт | войдите на сайт
        ru: вход в личный кабинет | авторизуйтесь | необходимо авторизоваться | забыли пароль
        fa: وارد حساب کاربری | برای ادامه وارد شوید | لطفا وارد شوید | ورود به حساب
        fa: رمز عبور خود را فراموش
        ar: سجل الدخول للمتابعة | يرجى تسجيل الدخول | تسجيل الدخول إلى حساب | يجب تسجيل الدخول
        ar: هل نسيت كلمة
        de: bitte melden sie sich an | bitte loggen sie sich ein | anmelden, um fortzufahren
        de: in ihr konto ein | passwort vergessen
        fr: connectez-vous pour continuer | veuillez vous connecter
        fr: connectez-vous à votre compte | mot de passe oublié
        es: inicie sesión para continuar | inicia sesión para continuar | debe iniciar sesión
        es: inicia sesión en tu cuenta | olvidó su contraseña | olvidaste tu contraseña
        pl: zaloguj się, aby kontynuować | musisz się zalogować | zaloguj się na swoje konto
        pl: zapomniałeś hasła | nie pamiętasz hasła
        tr: devam etmek için giriş | lütfen giriş yapın | oturum açmanız gerekiyor
        tr: hesabınıza giriş | şifrenizi mi unuttunuz | şifremi unuttum
        zh: 请先登录 | 请登录后 | 登录后继续 | 登录您的账户 | 登录您的帐户 | 忘记密码
    """),
    Sign.CONSENT: _table("""
        en: before you continue | we and our partners | we value your privacy | we use cookies
        en: uses cookies to | accept all cookies | your privacy choices | manage your cookie
        en: consent to the use of cookies
        ru: мы используем файлы cookie | мы используем cookie | использует файлы cookie
        ru: использует cookie | принять все cookie | согласие на обработку
        fa: ما از کوکی | از کوکی‌ها استفاده | پذیرش همه کوکی | حریم خصوصی شما برای ما
        ar: نستخدم ملفات تعريف الارتباط | نحن نستخدم ملفات | ملفات تعريف الارتباط
        ar: قبول جميع ملفات | خصوصيتك تهمنا
        de: wir verwenden cookies | wir und unsere partner | wir nutzen cookies | alle akzeptieren
        de: cookies zustimmen | mit werbung weiterlesen
        fr: nous utilisons des cookies | nous et nos partenaires | tout accepter
        fr: continuer sans accepter | accepter les cookies | respectons votre vie privée
        es: utilizamos cookies | usamos cookies | nosotros y nuestros socios
        es: aceptar todas las cookies | valoramos su privacidad | aceptar y continuar
        pl: używamy plików cookie | wykorzystujemy pliki cookie | my i nasi partnerzy
        pl: zaufani partnerzy | szanujemy twoją prywatność | zaakceptuj wszystkie
        tr: çerezleri kullanıyoruz | çerez kullanıyoruz | çerezler kullanılmaktadır
        tr: tüm çerezleri kabul | gizliliğinize önem veriyoruz | biz ve ortaklarımız
        zh: 我们使用cookie | 我们使用 cookie | 本网站使用cookie | 本网站使用 cookie
        zh: 接受所有cookie | 接受所有 cookie
        zh: 接受全部 cookie | 我们重视您的隐私
    """),
    Sign.PAYWALL: _table("""
        en: subscribe to continue | subscribe to keep reading | subscribe to read
        en: subscribe to unlock | to continue reading, subscribe | this article is for subscribers
        en: this content is for subscribers | article is exclusive to subscribers
        en: available to subscribers only | for subscribers only
        en: you have reached your limit of free articles | your free articles
        en: register to continue reading | create a free account to continue | unlock this article
        ru: оформите подписку, чтобы | чтобы дочитать | подпишитесь, чтобы читать
        ru: подпишитесь, чтобы продолжить | доступно только подписчикам
        ru: доступен только подписчикам | доступна только подписчикам | только для подписчиков
        ru: полный текст доступен по подписке | материал доступен по подписке
        fa: برای ادامه مطالعه مشترک | برای خواندن ادامه این مطلب اشتراک
        fa: برای مشاهده متن کامل اشتراک | فقط برای مشترکان | ویژه مشترکان | مخصوص مشترکین
        ar: اشترك لمواصلة القراءة | اشترك لمتابعة القراءة | للاستمرار في القراءة اشترك
        ar: هذا المقال للمشتركين | هذا المحتوى للمشتركين | للمشتركين فقط | حصري للمشتركين
        de: abonnieren, um weiterzulesen | abonnieren und weiterlesen | weiterlesen mit
        de: jetzt weiterlesen | artikel ist nur für abonnenten | nur für abonnenten
        de: exklusiv für abonnenten | lesen sie diesen artikel mit | um diesen artikel zu lesen
        fr: abonnez-vous pour lire | abonnez-vous pour continuer | abonnez-vous pour accéder
        fr: article réservé aux abonnés | article est réservé aux abonnés
        fr: contenu réservé aux abonnés | la suite est réservée | il vous reste à lire
        es: suscríbete para seguir | suscríbase para seguir | suscríbete para leer
        es: suscríbase para leer | para seguir leyendo | contenido exclusivo para suscriptores
        es: exclusivo para suscriptores | solo para suscriptores | artículo para suscriptores
        pl: wykup dostęp | kup dostęp | aby czytać dalej | dalszy ciąg artykułu
        pl: tylko dla subskrybentów | dostępny dla subskrybentów | tylko dla prenumeratorów
        pl: dostępny tylko dla prenumeratorów | zasubskrybuj, aby czytać
        tr: okumaya devam etmek için abone | devamını okumak için abone
        tr: abone olarak okumaya devam | yalnızca aboneler | sadece abonelere özel
        tr: abonelere özel içerik
        zh: 订阅后继续阅读 | 订阅以继续阅读 | 订阅后阅读全文 | 付费阅读全文 | 仅限订阅用户
        zh: 订阅用户专享 | 仅供会员阅读 | 会员专享文章 | 成为会员后阅读
    """),
    Sign.SUBSCRIBE: _table("""
        en: subscribe now | already a subscriber | start your subscription | subscription required
        en: choose your plan | cancel anytime
        ru: оформить подписку | оформите подписку | уже есть подписка | уже подписаны
        ru: купить подписку | по подписке
        fa: خرید اشتراک | مشترک شوید | حق اشتراک | قبلا مشترک شده‌اید
        ar: اشترك الآن | مشترك بالفعل | هل أنت مشترك | باقات الاشتراك | خطط الاشتراك
        de: jetzt abonnieren | bereits abonnent | schon abonnent | jetzt testen | abo abschließen
        de: jederzeit kündbar
        fr: je m'abonne | déjà abonné | abonnez-vous | sans engagement | s'abonner
        es: ya eres suscriptor | ya es suscriptor | suscríbete | suscríbase | cancela cuando quieras
        pl: masz już prenumeratę | masz już subskrypcję | kup prenumeratę | kup subskrypcję
        pl: wykup subskrypcję
        tr: abone ol | zaten abone misiniz | abone misiniz | üyelik satın al
        tr: aboneliğinizi başlatın
        zh: 立即订阅 | 已经订阅 | 已是会员 | 购买会员 | 开通会员
    """),
}

# In the page's title or first headline, besides the phrases above.
HEADINGS: Mapping[Sign, tuple[str, ...]] = {
    Sign.CHALLENGE: _table("""
        en: just a moment | attention required | access denied | 403 forbidden | security check
        en: bot verification | robot check | one moment, please | ddos-guard | client challenge
        xx: один момент | доступ запрещен | لحظه‌ای صبر کنید | لحظة من فضلك | تم رفض الوصول
        xx: einen moment | nur einen moment | zugriff verweigert | un instant | accès refusé
        xx: un momento | acceso denegado | chwileczkę | odmowa dostępu | bir dakika lütfen
        xx: erişim engellendi | 请稍候 | 安全验证
    """),
    Sign.PARKED: _table("en: domain parking | domain for sale | parked domain | is for sale!"),
    Sign.MISSING: _table(
        "xx: not found | nicht gefunden | introuvable | no encontrada | 404 - | 404 – "
    ),
    Sign.LOGIN: _table("""
        xx: log in | login | sign in | вход на сайт | авторизация | ورود به سایت | ورود کاربران
        xx: تسجيل الدخول | anmelden | anmeldung | connexion | se connecter | iniciar sesión
        xx: logowanie | zaloguj się | giriş yap | 登录 | 登入
    """),
    Sign.CONSENT: _table("""
        xx: cookie consent | privacy gate | your privacy | cookie-einstellungen
        xx: datenschutzeinstellungen | gestion des cookies
    """),
}

# In the source. Each also stands on pages that are articles: they count only where no words are.
MARKS: Mapping[Sign, tuple[str, ...]] = {
    Sign.CHALLENGE: (
        *("cf-chl", "_cf_chl_opt", "challenge-platform", "g-recaptcha", "h-captcha"),
        *(
            "cf-turnstile",
            "captcha-delivery.com",
            "px-captcha",
            "_incapsula_resource",
            "ddos-guard",
            "sgcaptcha",
        ),
        *("__arcsjs", "aes.js", "awswafintegration", "smartcaptcha", "servicepipe.ru"),
    ),
    Sign.PARKED: (
        *("sedoparking", "parkingcrew", "bodis.com", "afternic.com", "above.com/park", "dan.com/"),
        *("hugedomains.com", "parklogic", "/lander", "domainsponsor"),
    ),
    Sign.CONSENT: (
        *("consent.google", "consent.yahoo", "guce.", "sp_message", "didomi", "onetrust"),
        *("cmp.quantcast", "consentmanager.net", "cookiebot", "usercentrics"),
    ),
}


def signs_in(text: str, table: Mapping[Sign, tuple[str, ...]]) -> frozenset[Sign]:
    """Return the signs of which ``table`` has a phrase in ``text``, which is ``plain`` already."""
    return frozenset(
        sign for sign, phrases in table.items() if any(phrase in text for phrase in phrases)
    )
