    # Offers the words that a file in the home folder lists, a line each, their names behind a tab. Where
    # none of them goes on as the value begins, those whose names do.
    function Write-MoleculeListed([string] $list, [string] $lead) {
        if (-not $HOME) { return }
        $file = [System.IO.FileInfo] "$HOME/$list"
        if (-not $file.Exists -or $file.Length -eq 0 -or $file.Length -gt 524288) { return }
        try { $lines = [System.IO.File]::ReadAllLines($file.FullName) } catch { return }
        $text = $cur.Substring($lead.Length)
        $words = @()
        $named = @()
        foreach ($line in ($lines | Select-Object -First 500)) {
            $word, $name = $line -split "`t", 2
            if ($word -cnotmatch '\A[0-9A-Za-z][0-9A-Za-z._-]{0,127}\z') { continue }
            $name = "$name" -replace '\p{C}', ' '
            if ($name.Length -gt 60) { $name = $name.Substring(0, 60) }
            $tip = if ($name.Trim()) { $name } else { $word }
            $one = [System.Management.Automation.CompletionResult]::new(
                $lead + $word, $word, 'ParameterValue', $tip)
            if ($word.StartsWith($text, [StringComparison]::Ordinal)) {
                $words += $one
            } elseif ($name.StartsWith($text, [StringComparison]::OrdinalIgnoreCase)) {
                $named += $one
            }
        }
        if ($words.Count -gt 0) { $words } else { $named }
    }
