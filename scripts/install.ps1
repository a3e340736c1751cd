# Installs molecule from a release: fetches, verifies, tries, and only then puts it in place.
# For Windows PowerShell 5.1 and PowerShell 7; `.\install.ps1 -Help` tells the settings.
#
# It is often run as `irm ... | iex`, so it never ends the session it is in (it throws), leaves no function
# behind, and of a script whose download was cut off nothing runs: the block that holds all of it is then
# not closed. Nothing may follow it, as a cut there would leave a block that runs without what follows.
[CmdletBinding()]
param(
    [string] $Version = $env:MOLECULE_VERSION,
    [string] $Dir = $env:MOLECULE_INSTALL_DIR,
    [switch] $Help
)

& {
    Set-StrictMode -Version 2.0
    $ErrorActionPreference = 'Stop'
    # Drawing the bar of 5.1 takes ten times as long as the download.
    $ProgressPreference = 'SilentlyContinue'

    $Repository = "Molecule-AI/molecule-cli"

    function Install-Molecule {
        if ($Help) {
            Show-Help
            return
        }
        $wanted = Read-Version $Version
        $github = Read-Address 'MOLECULE_GITHUB_URL' $(if ($env:MOLECULE_GITHUB_URL) { $env:MOLECULE_GITHUB_URL } else { 'https://github.com' })
        $base = ''
        if ($env:MOLECULE_BASE_URL) { $base = Read-Address 'MOLECULE_BASE_URL' $env:MOLECULE_BASE_URL }
        if (@('', '0', '1') -notcontains "$env:MOLECULE_VERIFY_SIGNATURE") {
            throw 'MOLECULE_VERIFY_SIGNATURE is 0 (don''t check) or 1 (insist).'
        }
        $note = Test-System
        $folder = $Dir
        if (-not $folder) { $folder = Join-Path (Join-Path $env:LOCALAPPDATA 'Programs') 'molecule' }
        $folder = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($folder).TrimEnd('\')
        $target = Join-Path $folder 'molecule.exe'

        $work = Join-Path ([IO.Path]::GetTempPath()) "molecule-install-$([guid]::NewGuid())"
        # Beside its place, so that taking it is a rename. Windows runs only what ends in .exe.
        $fresh = Join-Path $folder ".molecule-$([guid]::NewGuid()).exe"
        $made = @()
        $protocols = [Net.ServicePointManager]::SecurityProtocol
        try {
            # 5.1 may offer older ones alone; 0 follows the system, as in 7, and may offer 1.3.
            if ([int] $protocols -ne 0) {
                [Net.ServicePointManager]::SecurityProtocol = $protocols -bor [Net.SecurityProtocolType]::Tls12
            }
            [void](New-Item -ItemType Directory -Path $work)
            $before = Read-Present $target

            $release = Find-Release $base $github $wanted $work
            # A mirror may offer an old release with its true signature and known holes.
            if (-not $wanted -and (Test-Older $release.Version $before)) {
                throw "molecule $before is installed, and the release that is offered is older: $($release.Version). To install it all the same, ask for it: MOLECULE_VERSION=$($release.Version), or -Version $($release.Version)."
            }
            $checked = Test-Signature $release $work
            $archive = Join-Path $work $release.Archive
            Write-Host "Fetching molecule $($release.Version) for Windows"
            Get-ReleaseFile $release.From $release.Archive $archive 512MB
            $sum = Get-Sum $archive
            if ($sum -ne $release.Sum) {
                throw "$($release.Archive) is not what the release's list of files says; it may be damaged or changed. Expected sha256 $($release.Sum), found $sum. Try again."
            }

            for ($path = $folder; $path -and -not (Test-Path -LiteralPath $path); $path = [IO.Path]::GetDirectoryName($path)) {
                $made += $path
            }
            [void][IO.Directory]::CreateDirectory($folder)
            Expand-Program $archive $fresh
            Test-Program $fresh $release.Version
            $changed = ($before -ne $release.Version) -or ((Get-Sum $target) -ne (Get-Sum $fresh))
            if ($changed) { Move-IntoPlace $fresh $target }
        }
        finally {
            [Net.ServicePointManager]::SecurityProtocol = $protocols
            foreach ($path in @($work, $fresh)) {
                if (Test-Path -LiteralPath $path) {
                    Remove-Item -LiteralPath $path -Recurse -Force -ErrorAction SilentlyContinue
                }
            }
            # The folders that were not there before. One with something in it is not removed by this.
            foreach ($path in $made) {
                try { [IO.Directory]::Delete($path) } catch { Write-Debug "$_" }
            }
        }
        Write-Report $release.Version $before $changed $target $checked $note
    }

    function Show-Help {
        Write-Host @"
Installs molecule from a release of https://github.com/$Repository

  irm https://github.com/$Repository/releases/latest/download/install.ps1 | iex

Usage: .\install.ps1 [-Version VERSION] [-Dir FOLDER]

  -Version VERSION   that release, be it older than what is installed; the newest one if not given
  -Dir FOLDER        where the program goes; %LOCALAPPDATA%\Programs\molecule if not given

Variables:
  MOLECULE_VERSION, MOLECULE_INSTALL_DIR   what -Version and -Dir say
  MOLECULE_NO_PATH      1: leave your PATH as it is
  MOLECULE_BASE_URL     where the files of one release are, in place of GitHub: an https address, or a folder
  MOLECULE_GITHUB_URL   the server that has the releases; https://github.com if not given
  MOLECULE_VERIFY_SIGNATURE
                        0: don't check the release's signature; 1: insist on it, which needs cosign;
                        if not given, it is checked where cosign is installed

Run again it upgrades. To undo it, remove the program, which is one file, and take its folder out of your
PATH, under 'Edit environment variables for your account'. Its data is in .config\molecule of your home.
"@
    }

    # Settings and system -----------------------------------------------------------------------

    function Read-Version([string] $Given) {
        if ($Given -eq '' -or $Given -eq 'latest') { return '' }
        $bare = $Given -replace '^v', ''
        if ($bare -notmatch '^[0-9][0-9A-Za-z.+-]*\z') {
            throw "'$Given' is not a version; one looks like 1.2.3 or v1.2.3."
        }
        return $bare
    }

    # Gives a URL that may be asked, without a slash at its end, or a folder's path.
    function Read-Address([string] $Setting, [string] $Value) {
        if ($Value -match '^(https?|file):(?!//)') {
            throw "$Setting has no // after its first colon, as an address has."
        }
        if ($Value -notmatch '^[A-Za-z][A-Za-z0-9+.-]+://') {
            return Get-LocalPath $Setting ($ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Value))
        }
        $uri = $null
        if (-not [Uri]::TryCreate($Value, [UriKind]::Absolute, [ref] $uri)) {
            throw "$Setting is not an address."
        }
        if ($uri.IsFile) { return Get-LocalPath $Setting $uri.LocalPath }
        if ($uri.Query -or $uri.Fragment) { throw "$Setting must be an address without ? and #." }
        if ($uri.Scheme -eq 'http' -and -not $uri.IsLoopback) {
            throw "$Setting is $(Get-Shown $Value): without encryption anyone on the way could change what is installed. Use an https address; http is only for this machine itself."
        }
        if (@('http', 'https') -notcontains $uri.Scheme) {
            throw "$Setting is $(Get-Shown $Value): only https and file addresses, or a folder, are read."
        }
        return $Value.TrimEnd('/')
    }

    # Another machine's folder is read without encryption, and Windows would tell it who asks.
    function Get-LocalPath([string] $Setting, [string] $Path) {
        if ($Path -match '^[\\/]{2}') {
            throw "$Setting is $Path, which is no folder of this machine. Use an https address, or copy the files to a folder here."
        }
        return $Path
    }

    # Words of a server or another program, without what could do something to the terminal.
    function Get-Clean([string] $Text) {
        return $Text -replace '[\x00-\x08\x0b-\x1f\x7f-\x9f]', ''
    }

    # An address for people, without the password that may be in it.
    function Get-Shown([string] $Address) {
        return $Address -replace '://[^/]*@', '://'
    }

    # Gives what is worth saying of this system; throws where there is no release for it.
    function Test-System {
        # $IsWindows is not known to 5.1.
        if ($env:OS -ne 'Windows_NT') {
            throw "This script is for Windows. Elsewhere: curl -fsSL https://github.com/$Repository/releases/latest/download/install.sh | sh"
        }
        # A 32-bit PowerShell on a 64-bit system has the truth in the second one.
        $processor = $env:PROCESSOR_ARCHITECTURE
        if ($env:PROCESSOR_ARCHITEW6432) { $processor = $env:PROCESSOR_ARCHITEW6432 }
        if ($processor -eq 'AMD64') { return '' }
        if ($processor -eq 'ARM64') {
            if ([Environment]::OSVersion.Version.Build -lt 22000) {
                throw 'There is no release for Windows 10 on Arm; Windows 11 can run the one for x64.'
            }
            return 'This is Windows on Arm: molecule is the one for x64, which Windows runs by emulation.'
        }
        throw "There is no release for $processor processors; it needs 64-bit Windows (x64)."
    }

    # Never over a stranger: other programs have this name, too. Gives the version that is there.
    function Read-Present([string] $Target) {
        if (Test-Path -LiteralPath $Target -PathType Container) {
            throw "$Target is a folder. Remove it, or choose another place with MOLECULE_INSTALL_DIR."
        }
        if (-not (Test-Path -LiteralPath $Target)) { return '' }
        $ran = Invoke-Program $Target @('--version')
        if ($ran.Version) { return $ran.Version }
        # What can't run at all is a molecule that broke, and is replaced.
        if ($ran.Started -and $ran.Text) {
            throw "$Target is another program of this name. Move it away, or choose another folder with MOLECULE_INSTALL_DIR."
        }
        return ''
    }

    # The release -------------------------------------------------------------------------------

    function Find-Release([string] $Base, [string] $Github, [string] $Wanted, [string] $Work) {
        $releases = "$Github/$Repository/releases"
        $from = "$releases/latest/download"
        if ($Base) { $from = $Base } elseif ($Wanted) { $from = "$releases/download/v$Wanted" }
        $list = Join-Path $Work 'checksums.txt'
        Get-ReleaseFile $from 'checksums.txt' $list 1MB

        $found = @(foreach ($line in @(Get-Content -LiteralPath $list)) {
                if ($line -cmatch '^([0-9a-f]{64}) [ *](molecule_([0-9][0-9A-Za-z.+-]*)_windows_amd64\.zip)$') {
                    New-Object PSObject -Property @{ Sum = $Matches[1]; Archive = $Matches[2]; Version = $Matches[3] }
                }
            })
        if ($found.Count -ne 1) {
            throw "$(Get-Shown $from)/checksums.txt names $($found.Count) files for Windows, and should name one. A proxy or a login page may have answered in its place."
        }
        $one = $found[0]
        if ($Wanted -and $one.Version -ne $Wanted) {
            throw "Version $Wanted was asked for, and $(Get-Shown $from) has $($one.Version)."
        }
        # From here on by its version: "latest" may be another release a moment later.
        if (-not $Base) { $from = "$releases/download/v$($one.Version)" }
        return New-Object PSObject -Property @{
            Sum = $one.Sum; Archive = $one.Archive; Version = $one.Version; From = $from
        }
    }

    # Whether the first version is below the second; what can't be compared is not.
    function Test-Older([string] $First, [string] $Second) {
        $form = '^(\d{1,9}\.\d{1,9}\.\d{1,9})(-([0-9A-Za-z.-]+))?(\+.*)?\z'
        if (-not ($First -match $form)) { return $false }
        $core = [version] $Matches[1]
        $words = @()
        if ($Matches.ContainsKey(3)) { $words = @($Matches[3] -split '\.') }
        if (-not ($Second -match $form)) { return $false }
        if ($core -ne [version] $Matches[1]) { return $core -lt [version] $Matches[1] }
        # A pre-release is below its release.
        if (-not $Matches.ContainsKey(3)) { return $words.Count -gt 0 }
        if ($words.Count -eq 0) { return $false }
        $others = @($Matches[3] -split '\.')
        for ($at = 0; $at -lt $words.Count -and $at -lt $others.Count; $at++) {
            if ($words[$at] -ceq $others[$at]) { continue }
            if ("$($words[$at]) $($others[$at])" -match '^\d{1,9} \d{1,9}\z') {
                return [int] $words[$at] -lt [int] $others[$at]
            }
            return [string]::CompareOrdinal($words[$at], $others[$at]) -lt 0
        }
        return $words.Count -lt $others.Count
    }

    # By its exact identity: the signature of an older release's list is not good for this version.
    function Test-Signature($Release, [string] $Work) {
        if ($env:MOLECULE_VERIFY_SIGNATURE -eq '0') { return 'its sha256 sum; no signature (MOLECULE_VERIFY_SIGNATURE=0)' }
        $cosign = @(Get-Command cosign -CommandType Application -ErrorAction SilentlyContinue)
        if ($cosign.Count -eq 0) {
            if ($env:MOLECULE_VERIFY_SIGNATURE -eq '1') {
                throw 'The signature can''t be checked: cosign is not on the PATH. Install it (https://docs.sigstore.dev).'
            }
            return 'its sha256 sum; its signature, too, where cosign is on the PATH'
        }
        $bundle = Join-Path $Work 'checksums.txt.sigstore.json'
        try {
            Get-ReleaseFile $Release.From 'checksums.txt.sigstore.json' $bundle 1MB
        }
        catch {
            throw "The release's signature can't be fetched: $($_.Exception.Message) For a mirror that has none, set MOLECULE_VERIFY_SIGNATURE to 0; the sha256 sums are checked all the same."
        }
        $arguments = @(
            'verify-blob', '--bundle', $bundle,
            '--certificate-identity', "https://github.com/$Repository/.github/workflows/release.yml@refs/tags/v$($Release.Version)",
            '--certificate-oidc-issuer', 'https://token.actions.githubusercontent.com'
        )
        # cosign 2 reads such a bundle only when told so; newer ones do it by themselves.
        $options = Invoke-Program $cosign[0].Path @('verify-blob', '--help')
        if ($options.Text -like '*--new-bundle-format*') { $arguments += '--new-bundle-format' }
        $arguments += (Join-Path $Work 'checksums.txt')
        $ran = Invoke-Program $cosign[0].Path $arguments
        if ($ran.Code -ne 0) {
            Write-Host $ran.Text
            throw 'cosign does not accept the signature of the release''s list of files; its words are above. It must be cosign 2.4 or newer, and reach the Sigstore project''s servers. Where it can''t, MOLECULE_VERIFY_SIGNATURE=0 goes without; the sha256 sums are checked all the same.'
        }
        return 'its sha256 sum and its signature'
    }

    # A release's files are far below the limit, which is in bytes.
    function Get-ReleaseFile([string] $From, [string] $Name, [string] $To, [long] $Limit) {
        if ($From -notmatch '^https?://') {
            Copy-Item -LiteralPath (Join-Path $From $Name) -Destination $To
            return
        }
        $asked = "$From/$Name"
        for ($attempt = 1; ; $attempt++) {
            try {
                $refusal = Save-Answer $asked $To $Limit
                break
            }
            catch {
                $status = Get-Status $_.Exception
                if ($status -eq 404) { throw "$(Get-Shown $asked) is not there (404)." }
                if ($attempt -eq 3 -or ($status -ge 400 -and $status -lt 500)) {
                    throw "$(Get-Shown $asked) can't be read: $(Get-Clean ($_.Exception.GetBaseException().Message))"
                }
                Start-Sleep -Seconds $attempt
            }
        }
        if ($refusal) { throw "$(Get-Shown $asked) $refusal" }
    }

    # Gives why the answer is refused; nothing if it was saved. By .NET: Invoke-WebRequest has no limit for
    # the size, and that of 5.1 follows a redirect to http without a word.
    function Save-Answer([string] $Asked, [string] $To, [long] $Limit) {
        $uri = [Uri] $Asked
        for ($hop = 0; $hop -le 10; $hop++) {
            $request = [Net.WebRequest]::Create($uri)
            $request.AllowAutoRedirect = $false
            $request.UserAgent = 'molecule-install'
            $request.Timeout = 60000
            $answer = $request.GetResponse()
            try {
                if ([int] $answer.StatusCode -lt 300) {
                    if (Copy-Limited ($answer.GetResponseStream()) $To $Limit) { return '' }
                    return "is far larger than any release's."
                }
                $next = $answer.Headers['Location']
                if (-not $next) { return "is answered with $([int] $answer.StatusCode), which says nothing." }
                $uri = New-Object Uri -ArgumentList $uri, $next
                if ($uri.Scheme -ne 'https') { return "leads to an address that isn't https." }
            }
            finally {
                $answer.Close()
            }
        }
        return 'leads from one address to the next, without an end.'
    }

    # The status of an answer that was an error; 0 if there was none. What a method throws is wrapped.
    function Get-Status($Failure) {
        for ($one = $Failure; $one; $one = $one.InnerException) {
            if ($one -is [Net.WebException] -and $one.Response) { return [int] $one.Response.StatusCode }
        }
        return 0
    }

    # Gives whether it was all that there is. No single piece may take longer than a minute.
    function Copy-Limited($Stream, [string] $To, [long] $Limit) {
        $file = [IO.File]::Create($To)
        try {
            $piece = New-Object byte[] 131072
            while ($true) {
                $reading = $Stream.ReadAsync($piece, 0, $piece.Length)
                if (-not $reading.Wait(60000)) { throw 'nothing came for a minute.' }
                if ($reading.Result -eq 0) { return $true }
                if ($file.Length + $reading.Result -gt $Limit) { return $false }
                $file.Write($piece, 0, $reading.Result)
            }
        }
        finally {
            $file.Dispose()
            $Stream.Dispose()
        }
    }

    # By .NET: Get-FileHash is not found in a 5.1 that was started by a 7.
    function Get-Sum([string] $Path) {
        $hash = [Security.Cryptography.SHA256]::Create()
        $stream = [IO.File]::OpenRead($Path)
        try {
            return [BitConverter]::ToString($hash.ComputeHash($stream)).Replace('-', '').ToLowerInvariant()
        }
        finally {
            $stream.Dispose()
            $hash.Dispose()
        }
    }

    # Installing --------------------------------------------------------------------------------

    # Only the member of that name, to a place of ours: an archive can't write anywhere.
    function Expand-Program([string] $Archive, [string] $To) {
        Add-Type -AssemblyName System.IO.Compression
        Add-Type -AssemblyName System.IO.Compression.FileSystem
        $zip = [IO.Compression.ZipFile]::OpenRead($Archive)
        try {
            $members = @($zip.Entries | Where-Object { $_.FullName -ceq 'molecule.exe' })
            if ($members.Count -ne 1) { throw 'The archive holds no program named molecule.exe.' }
            if (-not (Copy-Limited ($members[0].Open()) $To 1GB)) { throw 'The program in the archive is far larger than any molecule.' }
        }
        finally {
            $zip.Dispose()
        }
    }

    function Test-Program([string] $Path, [string] $Expected) {
        $ran = Invoke-Program $Path @('--version')
        if ($ran.Version -ceq $Expected) { return }
        if ($ran.Started -and $ran.Code -eq 0) {
            throw "The program in the archive says '$($ran.Text)' where it should be molecule $Expected."
        }
        throw "molecule $Expected does not run here (it ended with $($ran.Code)): $($ran.Text) Windows 10 (1809) or newer is needed. Please tell us: https://github.com/$Repository/issues"
    }

    # Gives its exit code, all that it wrote, and which molecule it says to be, if any.
    function Invoke-Program([string] $Path, [string[]] $Arguments) {
        # With 'Stop' a line on stderr would end the script in 5.1.
        $ErrorActionPreference = 'Continue'
        $PSNativeCommandUseErrorActionPreference = $false
        $started = $true
        $code = -1
        try {
            $text = (Get-Clean (@(& $Path @Arguments 2>&1 | ForEach-Object { "$_" }) -join "`n")).Trim()
            $code = $LASTEXITCODE
        }
        catch {
            $started = $false
            $text = $_.Exception.Message
        }
        $version = ''
        if ($code -eq 0 -and $text -cmatch '^molecule ([0-9][0-9A-Za-z.+-]*)( \([^()]*\))?\z') { $version = $Matches[1] }
        return New-Object PSObject -Property @{ Started = $started; Code = $code; Text = $text; Version = $version }
    }

    # A running program can't be written to or removed, but it can be renamed.
    function Move-IntoPlace([string] $Fresh, [string] $Target) {
        Get-ChildItem -LiteralPath (Split-Path -Parent $Target) -Filter 'molecule.exe*.old' |
            Remove-Item -Force -ErrorAction SilentlyContinue
        if (-not (Test-Path -LiteralPath $Target)) {
            [IO.File]::Move($Fresh, $Target)
            return
        }
        $old = "$Target.old"
        if (Test-Path -LiteralPath $old) { $old = "$Target.$([guid]::NewGuid()).old" }
        [IO.File]::Move($Target, $old)
        try {
            [IO.File]::Move($Fresh, $Target)
        }
        catch {
            [IO.File]::Move($old, $Target)
            throw
        }
        Remove-Item -LiteralPath $old -Force -ErrorAction SilentlyContinue
    }

    function Write-Report([string] $Now, [string] $Before, [bool] $Changed, [string] $Target, [string] $Checked, [string] $Note) {
        if (-not $Changed) {
            Write-Host "molecule $Now is already installed: $Target"
        }
        elseif ($Before -and $Before -ne $Now) {
            Write-Host "molecule $Now is installed, in place of ${Before}: $Target"
        }
        else {
            Write-Host "molecule $Now is installed: $Target"
        }
        Write-Host "Checked: $Checked."
        if ($Note) { Write-Host $Note }
        $folder = Split-Path -Parent $Target
        Update-UserPath $folder
        $first = @(Get-Command molecule -CommandType Application -ErrorAction SilentlyContinue)
        if ($first.Count -gt 0 -and $first[0].Path -ne $Target) {
            Write-Host "'molecule' is still another program, $($first[0].Path): it comes first on your PATH. Remove it, or put $folder before its folder."
        }
        Write-Host ''
        Write-Host 'Completions: molecule completion powershell; molecule completion --help tells where they go.'
        Write-Host "To undo: Remove-Item -LiteralPath '$($Target.Replace("'", "''"))'"
        Write-Host 'Your data stays in .config\molecule of your home. To remove it as well, with what is unanswered in it: Remove-Item -Recurse ~\.config\molecule'
    }

    # Written as it was read, unexpanded: other entries may stand on variables such as %USERPROFILE%.
    function Update-UserPath([string] $Folder) {
        $entries = @("$env:Path" -split ';' | ForEach-Object { $_.TrimEnd('\') })
        if ($entries -contains $Folder) { return }
        if ($env:MOLECULE_NO_PATH -eq '1') {
            Write-Host "$Folder is not on your PATH, which was left as it is (MOLECULE_NO_PATH=1)."
            return
        }
        $key = [Microsoft.Win32.Registry]::CurrentUser.CreateSubKey('Environment')
        try {
            $path = [string] $key.GetValue('Path', '', [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
            $kept = @($path -split ';' | Where-Object { $_ -ne '' })
            if (@($kept | ForEach-Object { [Environment]::ExpandEnvironmentVariables($_).TrimEnd('\') }) -notcontains $Folder) {
                $key.SetValue('Path', ((@($Folder) + $kept) -join ';'), [Microsoft.Win32.RegistryValueKind]::ExpandString)
                # Removing one that isn't there tells the other programs that something has changed.
                [Environment]::SetEnvironmentVariable('MOLECULE_INSTALL_NOTHING', [NullString]::Value, 'User')
                Write-Host "$Folder is now on your PATH, for each window that you open from here on, and this one. To undo: take it out under 'Edit environment variables for your account' (MOLECULE_NO_PATH=1 leaves the PATH alone)."
            }
        }
        finally {
            $key.Dispose()
        }
        $env:Path = "$Folder;$env:Path"
    }

    Install-Molecule
}
